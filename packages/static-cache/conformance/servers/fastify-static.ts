import type { AddressInfo } from 'node:net';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';

const site = Fastify();
await site.register(fastifyStatic, { root: process.argv[2] as string, preCompressed: true, redirect: true });
await site.listen({ port: 0, host: '127.0.0.1' });
console.log((site.server.address() as AddressInfo).port);
