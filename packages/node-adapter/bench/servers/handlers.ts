import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { type NodeHandler, toNode } from '../../src/index.ts';

/** The hello-world of each framework, as a handler for node:http; and of a gateway application, made one. */
export const handlers: Record<string, () => Promise<NodeHandler>> = {
  plain: async () => (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.end('Hello, World!\n');
  },
  express: async () => {
    const app = express();
    app.get('/', (_request, response) => {
      response.send('Hello World!');
    });
    return app;
  },
  koa: async () => {
    const app = new Koa();
    app.use(async (context) => {
      context.body = 'Hello World';
    });
    return app.callback();
  },
  fastify: async () => {
    const app = Fastify();
    app.get('/', (_request, reply) => {
      reply.send({ hello: 'world' });
    });
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  gateway: async () =>
    toNode((_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return ['Hello, World!\n'];
    }) as NodeHandler,
};
