import { expect, test } from 'vitest';
import { listenAll } from '../src/listen.ts';
import { bindTcp } from '../src/socket-handle.ts';
import { attempt } from './support.ts';

function nameOf(handle: ReturnType<typeof bindTcp>): number {
  const name: { port?: number } = {};
  handle.getsockname?.(name);
  return name.port as number;
}

test('bound sockets listen from then on, and nobody accepts', async () => {
  const handle = bindTcp('127.0.0.1', 0);
  const address = { host: '127.0.0.1', port: nameOf(handle) };
  expect(await attempt(address)).toBe('ECONNREFUSED');
  expect(await listenAll([handle.fd], 10)).toBeUndefined();
  expect(await attempt(address)).toBe('connected');
  handle.close();
  expect(await attempt(address)).toBe('ECONNREFUSED');
});

test('two that were bound to one port at once find out', async () => {
  const first = bindTcp('127.0.0.1', 0);
  const second = bindTcp('127.0.0.1', nameOf(first));
  const other = bindTcp('127.0.0.1', 0);
  expect(await listenAll([first.fd], 10)).toBeUndefined();
  expect(await listenAll([other.fd, second.fd], 10)).toEqual({ index: 1, code: 'EADDRINUSE' });
  for (const handle of [first, second, other]) handle.close();
});
