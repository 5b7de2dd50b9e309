import { interfaceOf } from '@highball/gateway-protocol';
import { isHttpServer } from './is-http-server.ts';

/** The shapes that can be told from everything else. */
export type NodeShape = 'express' | 'koa' | 'fastify' | 'server' | 'handler';

/**
 * Tells what a program exports, without ever guessing: each shape is known by methods that only it has together. A
 * plain function could as well take `(environ, startResponse)`; it is a handler when it says so, by
 * `markInterface(handler, 'node')`.
 * @returns undefined for what is none of them, or is marked as something else.
 */
export function recogniseNode(value: unknown): NodeShape | undefined {
  const mark = interfaceOf(value);
  if (mark !== undefined && mark !== 'node') return undefined;
  if (isHttpServer(value)) return 'server';
  // A router of Express has no `listen`: it needs a `next`, and is no application.
  if (typeof value === 'function' && has(value, 'handle', 'use', 'listen')) return 'express';
  if (typeof value === 'function') return mark === 'node' ? 'handler' : undefined;
  if (has(value, 'callback', 'createContext', 'use')) return 'koa';
  if (has(value, 'routing', 'ready', 'inject', 'decorate')) return 'fastify';
  return undefined;
}

function has(value: unknown, ...methods: string[]): boolean {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
