import type { AddressInfo } from 'node:net';
import express from 'express';
import serveStatic from 'serve-static';

const site = express();
site.use(serveStatic(process.argv[2] as string));
const server = site.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
