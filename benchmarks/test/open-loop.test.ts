import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { parseRates } from '../rows/parser.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const PROGRAM = join(import.meta.dirname, '../programs/open-loop.ts');

async function load(
  answer: (socket: Socket) => void,
  rate: number,
  connections: number,
): Promise<Record<string, number>> {
  const server = createServer((socket) =>
    socket.on('data', () => answer(socket)).on('error', () => undefined),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const args = [
    PROGRAM,
    String(port),
    String(rate),
    '1',
    String(connections),
    String(ANSWER.length),
    'GET /',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Record<string, number>;
}

test('requests leave at the rate that was asked for', async () => {
  const result = await load((socket) => socket.write(ANSWER), 500, 8);
  expect(result['perSecond']).toBeGreaterThan(350);
  expect(result['perSecond']).toBeLessThan(650);
});

test('a request that has to wait for a connection counts with its wait', async () => {
  // One connection with 20 ms an answer bears 50 a second; at 100 each waits for longer than the one before.
  const result = await load((socket) => setTimeout(() => socket.write(ANSWER), 20), 100, 1);
  expect(result['p50Us']).toBeGreaterThan(200_000);
  expect(result['unsent']).toBeGreaterThan(10);
});

test('the parser’s bench is read, with llhttp or without', () => {
  const ours = 'Node v24\nthis parser                  778.25 thousand requests/s\n';
  expect(parseRates(ours)).toEqual({ ours: 778.25 });
  const both = `${ours}llhttp from JavaScript       732.00 thousand requests/s\n`;
  expect(parseRates(both)).toEqual({ ours: 778.25, theirs: 732 });
  expect(() => parseRates('')).toThrow(/not said/);
});
