import { createWorker } from '@highball/async-worker';
import type { Application, AsgiApplication } from '@highball/gateway-protocol';
import { createServer, type ServerResponse } from 'node:http';
import { fromAsgi, toAsgi } from '../src/index.ts';

/** The same two answers of each kind of server: `/` is small, `/pieces` comes in a hundred of them. */
const HELLO = Buffer.from('Hello, World!');
const PIECE = Buffer.alloc(1024, 'x');
const PIECES = 100;

const called: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return environ.PATH_INFO === '/pieces' ? pieces() : [HELLO];
};

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < PIECES; i++) yield PIECE;
}

const evented: AsgiApplication = async (scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [['content-type', 'text/plain']] });
  if (scope.type === 'http' && scope.path === '/pieces') {
    for (let i = 0; i < PIECES; i++) await send({ type: 'http.response.body', body: PIECE, more_body: true });
    await send({ type: 'http.response.body' });
  } else {
    await send({ type: 'http.response.body', body: HELLO });
  }
};

function answerPieces(response: ServerResponse, left: number): void {
  if (left === 0) response.end();
  else if (response.write(PIECE)) queueMicrotask(() => answerPieces(response, left - 1));
  else response.once('drain', () => answerPieces(response, left - 1));
}

const worker = async (app: Application): Promise<number> => {
  return (await createWorker(app).listen({ port: 0 })).port as number;
};

/** The kinds of servers, each to be started in a process of its own. */
export const kinds: Record<string, () => Promise<number>> = {
  'call-shaped': () => worker(called),
  'event-shaped, by fromAsgi': () => worker(fromAsgi(evented).application),
  'call-shaped, there and back': () => worker(fromAsgi(toAsgi(called)).application),
  'node:http': async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      if (request.url === '/pieces') answerPieces(response, PIECES);
      else response.end(HELLO);
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    return promise;
  },
};
