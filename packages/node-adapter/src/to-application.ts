import type { Application } from '@highball/gateway-protocol';
import type { Server as HttpServer } from 'node:http';
import { AdapterUsageError } from './errors.ts';
import { fromNode, type FromNodeOptions } from './from-node.ts';
import type { NodeHandler, NodeHandlers } from './handler.ts';
import { isHttpServer } from './is-http-server.ts';
import { type NodeShape, recogniseNode } from './recognise.ts';
import { serverHandlers } from './server-handlers.ts';

interface Koa {
  callback(): NodeHandler;
}

interface Fastify {
  ready(): PromiseLike<unknown>;
  readonly routing: NodeHandler;
  readonly server: unknown;
}

/**
 * Makes a gateway application of what `recogniseNode` knows. Fastify is made ready first; an http.Server, or
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
  if (isHttpServer(app.server)) return serverHandlers(app.server);
  return { request: (request, response) => app.routing(request, response) };
}
