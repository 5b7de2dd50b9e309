import type { Environ } from '@highball/gateway-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RequestSocket, type SocketOwner } from '../src/request-socket.ts';
import { get, serve } from './support.ts';
import { fromNode } from '../src/index.ts';

const ENVIRON = {
  REMOTE_ADDR: '2001:db8::1',
  REMOTE_PORT: '4711',
  SERVER_NAME: 'example.org',
  SERVER_PORT: '443',
  'wsgi.url_scheme': 'https',
} as Environ;

function socketOf(owner: Partial<SocketOwner> = {}, environ: Partial<Environ> = {}): RequestSocket {
  const quiet = { unsentBytes: 7, onDestroyed: () => undefined, onTimeout: () => true };
  return new RequestSocket({ ...ENVIRON, ...environ } as Environ, { ...quiet, ...owner });
}

test('tells what the environ tells', () => {
  const socket = socketOf();
  expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
    '2001:db8::1',
    4711,
    'IPv6',
  ]);
  expect([socket.encrypted, socket.localPort, socket.writableLength]).toEqual([true, 443, 7]);
  expect(socket.address()).toEqual({ address: 'example.org', port: 443, family: 'IPv4' });
});

test('has no address on a Unix socket', () => {
  const socket = socketOf({}, { REMOTE_ADDR: '', REMOTE_PORT: '' });
  expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each(['destroy', 'destroySoon', 'end', 'resetAndDestroy'] as const)(
  '%s ends the exchange, once',
  async (name) => {
    const onDestroyed = vi.fn<() => void>();
    const socket = socketOf({ onDestroyed });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket[name]();
    socket[name]();
    await closed;
    expect(onDestroyed).toHaveBeenCalledTimes(1);
    expect([socket.destroyed, socket.readable, socket.writable, socket.readyState]).toEqual([
      true,
      false,
      false,
      'closed',
    ]);
  },
);

describe('setTimeout', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('emits when nothing has moved for so long', () => {
    const [onTimeout, listener] = [vi.fn<() => boolean>(() => false), vi.fn<() => void>()];
    const socket = socketOf({ onTimeout }).setTimeout(1000, listener);
    vi.advanceTimersByTime(900);
    socket.touch();
    vi.advanceTimersByTime(900);
    expect(listener).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect([listener.mock.calls.length, onTimeout.mock.calls.length, socket.destroyed]).toEqual([
      1,
      1,
      false,
    ]);
  });

  test('cuts the exchange when nobody listens', () => {
    const socket = socketOf({ onTimeout: () => false }).setTimeout(1000);
    vi.advanceTimersByTime(1000);
    expect(socket.destroyed).toBe(true);
  });

  test('of 0, or behind the end, never comes', () => {
    const listener = vi.fn<() => void>();
    const socket = socketOf({ onTimeout: () => false }).setTimeout(1000, listener);
    socket.setTimeout(0, listener);
    vi.advanceTimersByTime(5000);
    socket.setTimeout(1000).release();
    vi.advanceTimersByTime(5000);
    expect([listener.mock.calls.length, socket.destroyed]).toEqual([0, false]);
  });
});

test('a response that takes too long may say so itself', async () => {
  await using served = await serve(
    fromNode((_req, res) => void res.setTimeout(20, () => res.writeHead(503).end('too slow'))),
  );
  const client = await served.connect();
  client.send(get('/'));
  expect(await client.until('too slow')).toMatch(/^HTTP\/1.1 503/);
  client.destroy();
});
