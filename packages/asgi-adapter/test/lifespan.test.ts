import type {
  AsgiApplication,
  AsgiReceive,
  AsgiScope,
  AsgiSend,
  AsgiState,
} from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { fromAsgi, toAsgi } from '../src/index.ts';
import { bodyOf, get, respond, serve, TestClock } from './support.ts';

/** An application with a life; requests are answered with what they find in their state. */
function living(
  act: (phase: 'startup' | 'shutdown', send: AsgiSend, state: AsgiState) => Promise<void>,
): AsgiApplication {
  return async (scope, receive, send) => {
    if (scope.type !== 'lifespan') {
      const state = scope.state as { count: number } | undefined;
      if (state !== undefined) state.count++;
      return respond(send, JSON.stringify(state ?? null));
    }
    await receive();
    await act('startup', send, scope.state as AsgiState);
    await receive();
    return act('shutdown', send, scope.state as AsgiState);
  };
}

const good = living(async (phase, send, state) => {
  state['count'] = 1;
  await send({ type: `lifespan.${phase}.complete` });
});

describe('an application that speaks lifespan', () => {
  test('starts and stops, and each request has a copy of its state', async () => {
    const gateway = fromAsgi(good);
    expect(await gateway.startup()).toBeUndefined();
    await using server = await serve(gateway.application);
    expect(bodyOf(await server.exchange(get()))).toBe('{"count":2}');
    expect(bodyOf(await server.exchange(get()))).toBe('{"count":2}');
    await gateway.shutdown();
  });

  test('is started and stopped once, whoever asks', async () => {
    const calls: string[] = [];
    const gateway = fromAsgi(
      living(async (phase, send) => {
        calls.push(phase);
        await send({ type: `lifespan.${phase}.complete` });
      }),
    );
    await Promise.all([gateway.startup(), gateway.startup()]);
    await Promise.all([gateway.shutdown(), gateway.shutdown()]);
    expect(calls).toEqual(['startup', 'shutdown']);
  });

  test('that says it cannot start stops the server, with its message', async () => {
    const gateway = fromAsgi(
      living((_phase, send) => send({ type: 'lifespan.startup.failed', message: 'no database' })),
    );
    await expect(gateway.startup()).rejects.toMatchObject({
      name: 'LifespanError',
      code: 'STARTUP_FAILED',
      message: 'no database',
    });
    await gateway.shutdown();
  });

  test('that does not say in time whether it starts stops the server', async () => {
    const clock = new TestClock();
    const gateway = fromAsgi(
      living(() => new Promise(() => undefined)),
      { clock, startupTimeoutMs: 100 },
    );
    const starting = gateway.startup();
    clock.advance(100);
    await expect(starting).rejects.toMatchObject({ code: 'STARTUP_TIMEOUT' });
  });

  test('leaves no timer behind', async () => {
    const clock = new TestClock();
    const gateway = fromAsgi(good, { clock });
    await gateway.startup();
    await gateway.shutdown();
    expect(clock.pending).toBe(0);
  });

  test.each<[name: string, code: string, message: RegExp, act: (send: AsgiSend) => Promise<void>]>([
    ['says it cannot stop', 'SHUTDOWN_FAILED', /^disk full$/, (send) => send({ type: 'lifespan.shutdown.failed', message: 'disk full' })],
    ['says so without a reason', 'SHUTDOWN_FAILED', /no reason/, (send) => send({ type: 'lifespan.shutdown.failed' })],
    ['throws as it stops', 'SHUTDOWN_FAILED', /threw/, () => Promise.reject(new Error('x'))],
  ])('that %s is told of by shutdown', async (_name, code, message, act) => {
    const gateway = fromAsgi(
      living((phase, send) => (phase === 'startup' ? send({ type: 'lifespan.startup.complete' }) : act(send))),
    );
    await gateway.startup();
    await expect(gateway.shutdown()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  }); // prettier-ignore

  test('that does not stop in time is told of by shutdown', async () => {
    const clock = new TestClock();
    const gateway = fromAsgi(
      living((phase, send) =>
        phase === 'startup' ? send({ type: 'lifespan.startup.complete' }) : new Promise(() => undefined),
      ),
      { clock, shutdownTimeoutMs: 100 },
    );
    await gateway.startup();
    const stopping = gateway.shutdown();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
    await expect(stopping).rejects.toMatchObject({ code: 'SHUTDOWN_TIMEOUT' });
  });

  test('that returns after its start is up all the same, and needs no shutdown', async () => {
    const gateway = fromAsgi(async (scope, _receive, send) => {
      if (scope.type === 'lifespan') await send({ type: 'lifespan.startup.complete' });
    });
    await gateway.startup();
    await gateway.shutdown();
  });

  test('that throws between start and stop is told of by shutdown', async () => {
    const gateway = fromAsgi(async (_scope, _receive, send) => {
      await send({ type: 'lifespan.startup.complete' });
      throw new Error('lost the database');
    });
    await gateway.startup();
    await expect(gateway.shutdown()).rejects.toMatchObject({ cause: { message: 'lost the database' } });
  });

  test('may not answer what it was not asked', async () => {
    const failures: unknown[] = [];
    const gateway = fromAsgi(async (_scope, receive, send) => {
      await receive();
      await send({ type: 'lifespan.shutdown.complete' }).catch((error: unknown) => failures.push(error));
      await send({ type: 'lifespan.startup.complete' });
      await send({ type: 'lifespan.startup.complete' }).catch((error: unknown) => failures.push(error));
      await send({ type: 'http.response.start', status: 200 }).catch((error: unknown) =>
        failures.push(error),
      );
      await receive();
      await send({ type: 'lifespan.shutdown.complete' });
    });
    await gateway.startup();
    await gateway.shutdown();
    expect(failures).toMatchObject([
      { code: 'UNEXPECTED_EVENT' },
      { code: 'UNEXPECTED_EVENT' },
      { code: 'UNEXPECTED_EVENT' },
    ]);
  });
});

describe('an application that does not speak lifespan', () => {
  const mute = async (scope: AsgiScope, _receive: AsgiReceive, send: AsgiSend): Promise<void> => {
    if (scope.type !== 'http') throw new TypeError(`no ${scope.type} here`);
    await respond(send, JSON.stringify(scope.state ?? null));
  };

  test('by throwing runs without it, without a state, and the reason is told', async () => {
    const gateway = fromAsgi(mute);
    expect(await gateway.startup()).toMatchObject({ message: 'no lifespan here' });
    await using server = await serve(gateway.application);
    expect(bodyOf(await server.exchange(get()))).toBe('null');
    await gateway.shutdown();
  });

  test('by returning runs without it', async () => {
    const gateway = fromAsgi(async () => undefined);
    expect(await gateway.startup()).toBeUndefined();
    await gateway.shutdown();
  });

  test('stops the server where it must speak it', async () => {
    await expect(fromAsgi(mute, { lifespan: 'on' }).startup()).rejects.toMatchObject({
      code: 'LIFESPAN_UNSUPPORTED',
      cause: { message: 'no lifespan here' },
    });
  });
});

test('lifespan can be switched off', async () => {
  let calls = 0;
  const gateway = fromAsgi(async () => void calls++, { lifespan: 'off' });
  await gateway.startup();
  await gateway.shutdown();
  expect(calls).toBe(0);
});

test.each([
  { startupTimeoutMs: 0 },
  { shutdownTimeoutMs: -1 },
  { startupTimeoutMs: Number.NaN },
  { lifespan: 'maybe' as 'auto' },
])('the option %o is refused', (options) => {
  expect(() => fromAsgi(good, options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
});

describe('toAsgi', () => {
  test('speaks lifespan for an application, by its hooks', async () => {
    const calls: string[] = [];
    const app = toAsgi(() => [], {
      startup: () => void calls.push('startup'),
      shutdown: async () => void calls.push('shutdown'),
    });
    const gateway = fromAsgi(app, { lifespan: 'on' });
    await gateway.startup();
    await gateway.shutdown();
    expect(calls).toEqual(['startup', 'shutdown']);
  });

  test('speaks it also without hooks', async () => {
    const gateway = fromAsgi(
      toAsgi(() => []),
      { lifespan: 'on' },
    );
    await gateway.startup();
    await gateway.shutdown();
  });

  test('tells of a hook that throws', async () => {
    const gateway = fromAsgi(
      toAsgi(() => [], {
        startup: () => {
          throw new Error('no database');
        },
      }),
    );
    await expect(gateway.startup()).rejects.toMatchObject({ code: 'STARTUP_FAILED', message: 'no database' });
  });
});
