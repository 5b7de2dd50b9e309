import { Program } from '@highball/testkit';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { echoPath, get, serve, until } from '../support.ts';
import { block, END_HEADERS, END_STREAM, FRAME, frame, PREFACE, requestLine } from './support.ts';

const opening = Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0)]);
const request = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine('/split')));

describe('prior knowledge', () => {
  test('the first bytes may come cut anywhere', async () => {
    await using server = await serve(echoPath);
    const bytes = Buffer.concat([opening, request]);
    for (let cut = 1; cut < bytes.length; cut++) {
      const client = await server.connect();
      client.send(bytes.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 1));
      client.send(bytes.subarray(cut));
      await client.until('/split');
      client.destroy();
    }
  });

  test('or byte by byte', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    for (const byte of Buffer.concat([opening, request])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until('/split');
  });

  test('a method that begins like it is one of HTTP/1.1', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    for (const piece of ['P', 'OST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n']) {
      client.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.until('/a');
    client.send(get('/b'));
    await client.until('/b');
  });

  test('what only looks like it is refused as text', async () => {
    await using server = await serve(echoPath);
    expect(await server.exchange('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')).toMatch(/^HTTP\/1\.1 505 /);
  });

  test('who stops in the middle of it is told so', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send('PRI * HT');
    client.end();
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('who begins it and goes no further has the time of a head', async () => {
    await using server = await serve(echoPath, { headTimeoutMs: 1000 });
    const client = await server.connect();
    client.send('PRI * HT');
    await until(() => server.worker.stats().connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.clock.advance(1500);
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('nothing of it is loaded for clients of HTTP/1.1', async () => {
    const program = fileURLToPath(new URL('../programs/loads-http2.ts', import.meta.url));
    await using child = new Program(process.execPath, ['-C', '@highball/source', program]);
    expect(await child.exited).toBe(0);
    expect(child.stdout).toBe('0 1\n');
  });

  test('can be switched off', async () => {
    await using server = await serve(echoPath, { http2: false });
    expect(await server.exchange(opening.toString('latin1'))).toMatch(/^HTTP\/1\.1 50[15] /);
  });

  test('works behind a header of the PROXY protocol', async () => {
    await using server = await serve(
      (environ, start) => {
        start('200 OK', []);
        return [environ.REMOTE_ADDR ?? ''];
      },
      { proxyProtocol: 'v1', proxyAllowIps: ['127.0.0.1'] },
    );
    const client = await server.connect();
    client.send(Buffer.concat([Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n'), opening, request]));
    await client.until('192.0.2.7');
  });
});
