import { type Application, interfaceOf } from '@highball/gateway-protocol';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { AdapterUsageError } from './errors.ts';
import { fromNode, type FromNodeOptions } from './from-node.ts';
import type { NodeHandler, NodeHandlers } from './handler.ts';
import { serverHandlers } from './server-handlers.ts';

/** The shapes that can be told from everything else. */
export type NodeShape = 'express' | 'koa' | 'fastify' | 'server' | 'handler';

interface Koa {
  callback(): NodeHandler;
}

interface Fastify {
  ready(): PromiseLike<unknown>;
  readonly routing: NodeHandler;
  readonly server: unknown;
}

/**
 * Tells what a program exports, without ever guessing: each shape is known by methods that only it has together. A
 * plain function could as well take `(environ, startResponse)`; it is a handler when it says so, by
 * `markInterface(handler, 'node')`.
 * @returns undefined for what is none of them, or is marked as something else.
 */
export function recogniseNode(value: unknown): NodeShape | undefined {
  const mark = interfaceOf(value);
  if (mark !== undefined && mark !== 'node') return undefined;
  if (value instanceof HttpServer || value instanceof HttpsServer) return 'server';
  // A router of Express has no `listen`: it needs a `next`, and is no application.
  if (typeof value === 'function' && has(value, 'handle', 'use', 'listen')) return 'express';
  if (typeof value === 'function') return mark === 'node' ? 'handler' : undefined;
  if (has(value, 'callback', 'createContext', 'use')) return 'koa';
  if (has(value, 'routing', 'ready', 'inject', 'decorate')) return 'fastify';
  return undefined;
}

/**
 * Makes a gateway application of what {@link recogniseNode} knows. Fastify is made ready first; an http.Server, or
 * Fastify's, gets its 'upgrade' events too.
 * @throws AdapterUsageError `NOT_RECOGNISED`; and what the framework throws while it is made ready.
 */
export async function toApplication(value: unknown, options: FromNodeOptions = {}): Promise<Application> {
  const shape = recogniseNode(value);
  if (shape === undefined) {
    const mend =
      "export an Express, Koa or Fastify application or an http.Server, or mark a handler: markInterface(handler, 'node')";
    throw new AdapterUsageError('NOT_RECOGNISED', `this is no (req, res) application; ${mend}`);
  }
  if (shape === 'fastify') await (value as Fastify).ready();
  return fromNode(handlersOf(shape, value), options);
}

function handlersOf(shape: NodeShape, value: unknown): NodeHandler | NodeHandlers {
  if (shape === 'server') return serverHandlers(value as HttpServer);
  if (shape === 'koa') return (value as Koa).callback();
  if (shape === 'fastify') return fastifyHandlers(value as Fastify);
  return value as NodeHandler;
}

function fastifyHandlers(app: Fastify): NodeHandlers {
  if (app.server instanceof HttpServer || app.server instanceof HttpsServer)
    return serverHandlers(app.server);
  return { request: (request, response) => app.routing(request, response) };
}

function has(value: unknown, ...methods: string[]): boolean {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
