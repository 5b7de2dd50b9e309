import type { ErrorStream, InputStream } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { type ConnectionFacts, createEnvironBuilder, type EnvironHead } from '../src/index.ts';

const errors = {} as ErrorStream;
const connection: ConnectionFacts = {
  remoteAddress: '127.0.0.1',
  remotePort: 4711,
  localAddress: '127.0.0.1',
  localPort: 8000,
  encrypted: false,
  unix: false,
};
const fields: readonly string[] = [
  'Host', 'example.org:81', 'Cookie', 'a=1', 'Cookie', 'b=2', 'Accept', '*/*', 'X-Forwarded-For', '192.0.2.9',
  'X-Forwarded-Proto', 'https',
]; // prettier-ignore

const head = (target: string, more: Partial<EnvironHead> = {}): EnvironHead => ({
  method: 'GET',
  target,
  minorVersion: 1,
  fields,
  host: 'example.org:81',
  ...more,
});

/** What a builder makes that has seen nothing before. */
const alone = (given: EnvironHead, from = connection, options = {}): object =>
  createEnvironBuilder(options)({ ...given, repeated: false }, from, {} as InputStream, errors);

describe('the environ of a request that repeats the fields of another', () => {
  test.each([
    ['another target', head('/b%20c?d=e')],
    ['another method', head('/', { method: 'HEAD' })],
    ['another version', head('/', { minorVersion: 0 })],
    ['an authority of its own', head('http://other/', { host: 'other' })],
  ])('with %s is what it would be alone', (_, given) => {
    const build = createEnvironBuilder();
    for (let i = 0; i < 3; i++) {
      const built = build({ ...head('/'), repeated: i > 0 }, connection, {} as InputStream, errors);
      expect(built).toEqual(alone(head('/')));
    }
    const built = build({ ...given, repeated: true }, connection, {} as InputStream, errors);
    expect(built).toEqual(alone(given));
    expect(Object.keys(built)).toEqual(Object.keys(alone(given)));
  });

  test('is its own: what an application writes into it is not in the next', () => {
    const build = createEnvironBuilder();
    const input = {} as InputStream;
    const built = Array.from({ length: 4 }, () =>
      build({ ...head('/'), repeated: true }, connection, input, errors),
    );
    for (const environ of built) environ['mine'] = environ.HTTP_COOKIE = 'x';
    const last = build({ ...head('/'), repeated: true }, connection, input, errors);
    expect(last).not.toHaveProperty('mine');
    expect(last.HTTP_COOKIE).toBe('a=1; b=2');
    expect(new Set(built).size).toBe(4);
  });

  test('has its own input', () => {
    const build = createEnvironBuilder();
    const inputs = [1, 2, 3].map(() => ({}) as InputStream);
    const built = inputs.map((input) => build({ ...head('/'), repeated: true }, connection, input, errors));
    expect(built.map((environ) => inputs.indexOf(environ['wsgi.input']))).toEqual([0, 1, 2]);
  });

  test('on another connection is made of that one', () => {
    const build = createEnvironBuilder();
    const other = { ...connection, remoteAddress: '203.0.113.5' };
    build({ ...head('/'), repeated: true }, connection, {} as InputStream, errors);
    const built = build({ ...head('/'), repeated: true }, other, {} as InputStream, errors);
    expect(built).toEqual(alone(head('/'), other));
    expect(built.REMOTE_ADDR).toBe('203.0.113.5');
  });

  test('below a root path is refused outside of it like any other', () => {
    const build = createEnvironBuilder({ rootPath: '/app' });
    const at = (target: string): unknown =>
      build({ ...head(target), repeated: true }, connection, {} as InputStream, errors).PATH_INFO;
    expect([at('/app/a'), at('/app/b')]).toEqual(['/a', '/b']);
    expect(() => at('/other')).toThrow(/not below/);
  });
});

test('a reserved key has its place before the fields, and no value yet', () => {
  const build = createEnvironBuilder({ reservedKeys: ['highball.signal'] });
  const built = build(head('/'), connection, {} as InputStream, errors);
  const keys = Object.keys(built);
  expect(built['highball.signal']).toBeUndefined();
  expect(keys.indexOf('highball.signal')).toBeLessThan(keys.indexOf('HTTP_HOST'));
  expect(keys).toContain('highball.signal');
});

test('constants are in each environ, built or copied, and no field takes their place', () => {
  const build = createEnvironBuilder({ constants: { 'highball.pool': 'front', 'highball.worker_id': 3 } });
  for (const repeated of [false, true, true]) {
    const built = build({ ...head('/'), repeated }, connection, {} as InputStream, errors);
    expect(built).toMatchObject({ 'highball.pool': 'front', 'highball.worker_id': 3 });
  }
});
