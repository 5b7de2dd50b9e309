import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { connectControl } from '../src/client.ts';
import { serve } from './support.ts';

/** A server of another kind. */
async function impostor(answer: (socket: Socket) => void): Promise<{ path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function toArray(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a stream', () => {
  test('gives each item, and ends', async () => {
    async function* count(args: unknown): AsyncGenerator<number> {
      for (let i = 1; i <= (args as number); i++) yield i;
    }
    await using served = await serve({ count });
    const client = await served.connect();
    expect(await toArray(client.stream('count', 500))).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(await toArray(client.stream('count', 0))).toEqual([]);
  });

  test('that is left is ended at its source, and the connection goes on', async () => {
    const ended = Promise.withResolvers<string>();
    async function* count(): AsyncGenerator<number> {
      try {
        for (let i = 1; ; i++) {
          yield i;
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        ended.resolve('ended');
      }
    }
    await using served = await serve({ count, status: () => 'fine' });
    const client = await served.connect();
    for await (const item of client.stream('count')) if (item === 3) break;
    expect(await ended.promise).toBe('ended');
    expect(await client.call('status')).toBe('fine');
  });

  test('that fails midway throws what has failed', async () => {
    async function* fail(): AsyncGenerator<number> {
      yield 1;
      throw new Error('out of numbers');
    }
    await using served = await serve({ fail });
    const client = await served.connect();
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const item of client.stream('fail')) got.push(item);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'failed', message: 'out of numbers' });
    expect(got).toEqual([1]);
  });
});

describe('a client', () => {
  test('does not wait for ever', async () => {
    await using served = await serve({ wait: () => new Promise(() => undefined), status: () => 'fine' });
    const client = await served.connect();
    await expect(client.call('wait', undefined, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'timeout',
    });
    expect(await client.call('status')).toBe('fine');
  });

  test('says that nothing listens', async () => {
    await expect(connectControl('/nonexistent/control')).rejects.toMatchObject({
      code: 'not-running',
      message: 'nothing listens on /nonexistent/control',
    });
  });

  test('leaves who does not speak the protocol, or sends without end', async () => {
    await using http = await impostor((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const client = await connectControl(http.path);
    await expect(client.call('status')).rejects.toMatchObject({ code: 'disconnected' });
    await using endless = await impostor((socket) => socket.write('x'.repeat(2000)));
    const other = await connectControl(endless.path, { maxAnswerBytes: 1000 });
    await expect(other.call('status')).rejects.toMatchObject({
      code: 'disconnected',
      message: /more than it may/,
    });
  });
});
