import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ask, checkSame } from '../answer.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('an answer is read to its end, and its head measured', async () => {
  const port = await listen(
    createServer((request, response) => {
      response.setHeader('ETag', '"a"');
      if (request.headers['if-none-match'] === '"a"') response.writeHead(304).end();
      else response.setHeader('Content-Length', 100_000).end('x'.repeat(100_000));
    }),
  );
  const whole = await ask(port, '/');
  expect(whole).toMatchObject({ status: 200, body: 'x'.repeat(100_000), etag: '"a"' });
  expect(whole.headBytes).toBeGreaterThan(50);
  expect(await ask(port, '/', '"a"')).toMatchObject({ status: 304, body: '' });
});

test('who answers otherwise than the first is named', () => {
  const answer = { status: 200, headBytes: 100, body: 'Hello, World!' };
  const same = { name: 'A', answer };
  expect(() => checkSame([same, { name: 'B', answer: { ...answer, headBytes: 150 } }])).not.toThrow();
  expect(() => checkSame([same, { name: 'B', answer: { ...answer, body: 'Hello' } }])).toThrow(
    /B answers 200 with 5 bytes .* but A 200 with 13/,
  );
  expect(() => checkSame([same, { name: 'B', answer: { ...answer, status: 206 } }])).toThrow(/B answers 206/);
});
