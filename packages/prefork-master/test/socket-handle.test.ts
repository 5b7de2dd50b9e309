import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { bindTcp } from '../src/socket-handle.ts';

const original: unknown = Reflect.get(net, '_createServerHandle');
afterEach(() => void Reflect.set(net, '_createServerHandle', original));

test('a runtime that cannot bind without accepting is named, with a way out', () => {
  Reflect.set(net, '_createServerHandle', undefined);
  expect(() => bindTcp('127.0.0.1', 0)).toThrowError(
    expect.objectContaining({ code: 'unsupported-runtime', message: expect.stringContaining('fd://3') }),
  );
});

test('an address in use shows when it is bound, and not only when somebody listens', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  expect(() => bindTcp('127.0.0.1', port)).toThrowError(expect.objectContaining({ code: 'EADDRINUSE' }));
  server.close();
});

test('a name can be learned of what was bound to port 0', () => {
  const handle = bindTcp('127.0.0.1', 0);
  const name: { address?: string; port?: number } = {};
  expect(handle.getsockname?.(name)).toBe(0);
  expect(name).toMatchObject({ address: '127.0.0.1', port: expect.any(Number) });
  handle.close();
});
