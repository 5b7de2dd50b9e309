import { RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentsError } from '../src/errors.ts';
import { serve } from './support.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('a line of JSON', () => {
  test('is answered under its id, and without one under null, also by a client that has closed its side', async () => {
    await using served = await serve({ add: (args) => (args as number[]).reduce((a, b) => a + b) });
    const client = await RawClient.connect(served.path);
    client.send('{"id":7,"command":"add","args":[1,2]}\n{"command":"add","args":[3,4]}\n');
    client.end();
    await client.closed;
    expect(client.received).toBe('{"id":7,"result":3}\n{"id":null,"result":7}\n');
  });

  test('with an unknown command gets the known ones', async () => {
    await using served = await serve({ status: () => 1, stop: () => 2 });
    const client = await RawClient.connect(served.path);
    client.send('{"id":1,"command":"constructor"}\n');
    await client.until('\n');
    expect(JSON.parse(client.received)).toEqual({
      id: 1,
      error: {
        code: 'unknown-command',
        message: "there is no command 'constructor'; there are: status, stop",
      },
    });
    client.destroy();
  });

  test.each(['GET / HTTP/1.1', '{"id":1}', '{"id":1,"command":'])(
    '%s is refused, and the client closed',
    async (line) => {
      await using served = await serve({ status: () => 1 });
      const client = await RawClient.connect(served.path);
      client.send(`${line}\n{"id":2,"command":"status"}\n`);
      await client.closed;
      expect(client.received).toMatch(/^\{"id":null,"error":\{"code":"invalid-request"[^\n]*\n$/);
    },
  );

  test('that does not end is refused', async () => {
    await using served = await serve({ status: () => 1 }, { maxRequestBytes: 100 });
    const client = await RawClient.connect(served.path);
    client.send('x'.repeat(101));
    await client.closed;
    expect(client.received).toContain('a request has 100 bytes at the most');
  });
});

describe('limits', () => {
  test('clients beyond the limit are told so; the others go on', async () => {
    await using served = await serve({ status: () => 'fine' }, { maxClients: 2 });
    const first = await served.connect();
    const second = await served.connect();
    await Promise.all([first.call('status'), second.call('status')]);
    const third = await served.connect();
    await expect(third.call('status')).rejects.toMatchObject({ code: 'busy' });
    expect(await second.call('status')).toBe('fine');
    first.close();
    await expect.poll(() => served.server.clients).toBe(1);
    const fourth = await served.connect();
    expect(await fourth.call('status')).toBe('fine');
  });

  test('calls of one client beyond the limit are told so', async () => {
    await using served = await serve({ wait: never, status: () => 'fine' }, { maxCalls: 2 });
    const client = await served.connect();
    for (const _ of [1, 2]) client.call('wait').catch(() => undefined);
    await expect(client.call('status')).rejects.toMatchObject({ code: 'busy' });
  });

  test('an idle client is closed, one with a call under way is not', async () => {
    const gate = Promise.withResolvers<string>();
    await using served = await serve({ wait: () => gate.promise }, { idleTimeoutMs: 1000 });
    const idle = await RawClient.connect(served.path);
    const busy = await served.connect();
    const answer = busy.call('wait');
    await idle.closed;
    gate.resolve('done');
    expect(await answer).toBe('done');
  });

  test('a client that takes nothing is closed, and the source of its stream ended', async () => {
    const ended = Promise.withResolvers<number>();
    let made = 0;
    async function* flood(): AsyncGenerator<string> {
      try {
        for (;;) {
          made++;
          yield 'x'.repeat(10_000);
        }
      } finally {
        ended.resolve(made);
      }
    }
    await using served = await serve({ flood }, { writeTimeoutMs: 200 });
    const client = await RawClient.connect(served.path);
    client.socket.pause();
    client.send('{"id":1,"command":"flood"}\n');
    // What the kernel buffers and no more: the generator waits for the client.
    expect(await ended.promise).toBeLessThan(500);
    client.destroy();
  });

  test.each([{ maxClients: 0 }, { idleTimeoutMs: -1 }, { maxCalls: Number.NaN }])(
    '%j is refused',
    async (options) => {
      await expect(serve({}, options)).rejects.toThrow(RangeError);
    },
  );
});

describe('calls', () => {
  test('run beside one another', async () => {
    const gate = Promise.withResolvers<string>();
    await using served = await serve({ slow: () => gate.promise, quick: () => 'quick' });
    const client = await served.connect();
    const slow = client.call('slow');
    expect(await client.call('quick')).toBe('quick');
    gate.resolve('slow');
    expect(await slow).toBe('slow');
  });

  test('that fail tell why', async () => {
    const handlers = {
      broken: () => {
        throw new Error('no worker 7');
      },
      picky: () => {
        throw new InvalidArgumentsError('workers must be a number');
      },
    };
    await using served = await serve(handlers);
    const client = await served.connect();
    await expect(client.call('broken')).rejects.toMatchObject({ code: 'failed', message: 'no worker 7' });
    await expect(client.call('picky')).rejects.toMatchObject({ code: 'invalid-request' });
  });

  test('end when the server closes', async () => {
    await using served = await serve({ wait: never });
    const client = await served.connect();
    const call = client.call('wait').catch((error: unknown) => error);
    await expect.poll(() => served.server.clients).toBe(1);
    await served.server.close();
    expect(await call).toMatchObject({ code: 'disconnected' });
    await expect(client.call('wait')).rejects.toMatchObject({ code: 'disconnected' });
  });

  test('know when their client has gone', async () => {
    const gone = Promise.withResolvers<boolean>();
    const wait = (_: unknown, { signal }: { signal: AbortSignal }): Promise<boolean> => {
      signal.addEventListener('abort', () => gone.resolve(true));
      return gone.promise;
    };
    await using served = await serve({ wait });
    const client = await served.connect();
    client.call('wait').catch(() => undefined);
    await expect.poll(() => served.server.clients).toBe(1);
    client.close();
    expect(await gone.promise).toBe(true);
  });
});
