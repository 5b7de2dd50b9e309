import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { installLightweightTypes } from '../src/index.ts';
import { lightRequest } from '../src/light-request.ts';
import { lightweightTypesInstalled } from '../src/lightweight-types.ts';

function environ(body = ''): Environ {
  return {
    REQUEST_METHOD: 'POST',
    'wsgi.url_scheme': 'http',
    CONTENT_LENGTH: String(body.length),
    CONTENT_TYPE: 'text/plain',
    HTTP_X_A: '1',
    'wsgi.input': {
      read: () => Promise.resolve(Buffer.from(body)),
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(body);
      },
    },
  } as unknown as Environ;
}

test('install and uninstall put everything back, and twice is once', () => {
  const before = [Request, Response, fetch];
  const uninstall = installLightweightTypes();
  const installed = [Request, Response, fetch];
  expect(installed.some((value, index) => value === before[index])).toBe(false);
  expect(installLightweightTypes()).toBe(uninstall);
  expect([Request, Response, fetch]).toEqual(installed);
  expect(lightweightTypesInstalled()).toBe(true);
  uninstall();
  uninstall();
  expect([Request, Response, fetch].every((value, index) => value === before[index])).toBe(true);
  expect(lightweightTypesInstalled()).toBe(false);
});

test('other requests are what they were', async () => {
  const uninstall = installLightweightTypes();
  class Mine extends Request {}
  const mine = new Mine('http://h/', { method: 'POST', body: 'x' });
  expect(mine).toBeInstanceOf(Mine);
  expect(mine).toBeInstanceOf(Request);
  expect(await new Request(mine).text()).toBe('x');
  expect(() => new Request('no url')).toThrow(TypeError);
  uninstall();
});

test('a light request has all the parts of a native one', () => {
  const uninstall = installLightweightTypes();
  const light = lightRequest(environ('x'), 'http://h/a') as unknown as Record<string, unknown>;
  const native = new Request('http://h/a', {
    method: 'POST',
    body: 'x',
    duplex: 'half',
  }) as unknown as Record<string, unknown>;
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(native)).filter(
    (name) => name !== 'constructor',
  );
  for (const name of names) {
    expect(typeof light[name], name).toBe(typeof native[name]);
    if (typeof native[name] === 'string') expect(light[name], name).toBe(native[name]);
  }
  expect(names.length).toBeGreaterThan(20);
  uninstall();
});

test.each(['text', 'json', 'arrayBuffer', 'bytes', 'blob'] as const)(
  '%s reads the body once, however it is asked again',
  async (method) => {
    const uninstall = installLightweightTypes();
    const light = lightRequest(environ('"\u{feff}x"'), 'http://h/');
    const first = await (light as unknown as Record<string, () => Promise<unknown>>)[method]?.();
    if (method === 'arrayBuffer') expect(first).toBeInstanceOf(ArrayBuffer);
    expect(light.bodyUsed).toBe(true);
    await expect(light.text()).rejects.toThrow(TypeError);
    await expect(light.formData()).rejects.toThrow(TypeError);
    expect(() => light.clone()).toThrow(TypeError);
    expect(() => new Request(light)).toThrow(TypeError);
    uninstall();
  },
);

test('a body that has been wrapped is read from there', async () => {
  const uninstall = installLightweightTypes();
  const light = lightRequest(environ('body'), 'http://h/');
  const clone = light.clone();
  expect(await light.text()).toBe('body');
  expect(await clone.text()).toBe('body');
  uninstall();
});

test('JSON that is none is a SyntaxError, a byte order mark is no part of the text', async () => {
  const uninstall = installLightweightTypes();
  await expect(lightRequest(environ('{'), 'http://h/').json()).rejects.toThrow(SyntaxError);
  const marked = { ...environ('x'), 'wsgi.input': { read: () => Promise.resolve(Buffer.from('\u{feff}é')) } };
  expect(await lightRequest(marked as never, 'http://h/').text()).toBe('é');
  uninstall();
});

test('fetch sends a light request with its changed fields', async () => {
  const uninstall = installLightweightTypes();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(`${request.method} ${request.headers['x-a']} ${body}`));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const light = lightRequest(environ('hi'), `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  light.headers.set('x-a', '2');
  light.headers.delete('content-length');
  expect(await (await fetch(light)).text()).toBe('POST 2 hi');
  server.close();
  uninstall();
});
