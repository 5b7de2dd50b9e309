import { turn } from '@highball/direct-writes';
import type { RawClient } from '@highball/testkit';
import { describe, expect, test, vi } from 'vitest';
import type { Application } from '@highball/gateway-protocol';
import { get, last, serve } from './support.ts';

const hello: Application = (_, startResponse) => {
  startResponse('200 OK', []);
  return ['Hello'];
};

/** Bytes, so that head and body are joined in memory that is used again. */
const bytes: Application = (environ, startResponse) => {
  startResponse('200 OK', []);
  return [Buffer.from(environ.PATH_INFO.repeat(100))];
};

function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

describe('batchWrites', () => {
  test.each([true, false])('%s: whether answers wait for the end of the turn', async (batchWrites) => {
    const add = vi.spyOn(turn, 'add');
    await using server = await serve(hello, { batchWrites });
    await server.exchange(last('/'));
    expect(add.mock.calls.length).toBe(batchWrites ? 1 : 0);
    add.mockRestore();
  });

  test('many connections at once: each gets its own answer', async () => {
    await using server = await serve(bytes, { batchWrites: true });
    const clients = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
    for (let round = 0; round < 3; round++) {
      for (const [i, client] of clients.entries()) client.send(get(`/${round}-${i}/`));
      for (const [i, client] of clients.entries()) {
        const expected = `/${round}-${i}/`.repeat(100);
        await client.until(expected);
        expect(client.received.endsWith(expected)).toBe(true);
      }
    }
    for (const client of clients) client.destroy();
  });

  test('pipelined requests, of which the last one closes', async () => {
    await using server = await serve(bytes, { batchWrites: true });
    const answers = await server.exchange(`${get('/a/').repeat(50)}${last('/z/')}`);
    expect(answers.split('/a/').length - 1).toBe(5000);
    expect(answers.endsWith('/z/'.repeat(100))).toBe(true);
  });

  test('a large body behind a held answer keeps its place', async () => {
    const large = Buffer.alloc(3_000_000, 'm');
    await using server = await serve(
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return environ.PATH_INFO === '/large' ? [large] : ['small'];
      },
      { batchWrites: true },
    );
    const answers = await server.exchange(`${get('/small')}${get('/large')}${last('/small')}`);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(answers.replaceAll(/m{10,}/g, '[large]').match(/small|\[large\]/g)).toEqual([
      'small',
      '[large]',
      'small',
    ]);
  });

  test('what was written before an answer breaks off goes out', async () => {
    await using server = await serve(
      (_, startResponse) => {
        const write = startResponse('200 OK', [['Content-Length', '10']]);
        void write('half');
        throw new Error('broken');
      },
      { batchWrites: true },
    );
    expect(bodyOf(await server.exchange(last('/')))).toBe('half');
  });

  test('what was written before the worker closes goes out', async () => {
    await using server = await serve(
      (_, startResponse) => {
        startResponse('200 OK', []);
        queueMicrotask(() => void server.worker.close());
        return ['the last'];
      },
      { batchWrites: true },
    );
    expect(bodyOf(await server.exchange(get('/')))).toBe('the last');
  });

  test('what was written before a connection is handed over goes out first', async () => {
    await using server = await serve(
      (environ, startResponse) => {
        const { socket } = environ['highball.upgrade']?.() ?? {};
        if (socket !== undefined) {
          socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nours');
          return [];
        }
        startResponse('200 OK', []);
        return ['before'];
      },
      { batchWrites: true },
    );
    const client: RawClient = await server.connect();
    client.send(`${get('/')}${get('/', 'Connection: upgrade\r\nUpgrade: x\r\n')}`);
    await client.until('ours');
    expect(client.received).toMatch(/before[\s\S]*101 Switching Protocols\r\n\r\nours$/);
  });

  test('a client that takes nothing does not spoil the answers of others', async () => {
    const filler = Buffer.alloc(16_000, 'f');
    await using server = await serve(
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return environ.PATH_INFO === '/fill' ? [filler] : [Buffer.from(environ.PATH_INFO)];
      },
      { batchWrites: true },
    );
    const slow = await server.connect();
    slow.socket.pause();
    slow.send(get('/fill').repeat(1000));
    for (let i = 0; i < 50; i++) expect(bodyOf(await server.exchange(last(`/${i}`)))).toBe(`/${i}`);
    slow.socket.resume();
    await vi.waitFor(() => expect(slow.received.match(/f{16000}/g)).toHaveLength(1000), 10_000);
    slow.destroy();
  });
});
