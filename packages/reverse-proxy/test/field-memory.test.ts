import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, it } from 'vitest';
import { FieldMemory } from '../src/field-memory.ts';
import { requestFields } from '../src/request-fields.ts';

const options = { viaName: 'edge', dropped: new Set(['x-secret']), host: undefined, strippedPrefix: '/api' };

const usual = {
  REQUEST_METHOD: 'GET',
  PATH_INFO: '/',
  SERVER_NAME: 'site.example',
  SERVER_PROTOCOL: 'HTTP/1.1',
  REMOTE_ADDR: '203.0.113.7',
  REMOTE_PORT: '4711',
  'wsgi.url_scheme': 'http',
  HTTP_HOST: 'site.example',
  HTTP_ACCEPT: '*/*',
  HTTP_CONNECTION: 'keep-alive',
} as unknown as Environ;

describe('FieldMemory', () => {
  it('gives requests that differ in their address only the same fields', () => {
    const memory = new FieldMemory(options);
    const first = memory.fieldsOf({ ...usual });
    expect(memory.fieldsOf({ ...usual, PATH_INFO: '/other', REMOTE_PORT: '4712' })).toBe(first);
  });

  it.each([
    ['a field of another value', { HTTP_ACCEPT: 'a/b' }],
    ['a field more', { HTTP_X_A: '1' }],
    ['a field of an empty value', { HTTP_HOST: '' }],
    ['another client', { REMOTE_ADDR: '203.0.113.8' }],
    ['a client of the same last digit', { REMOTE_ADDR: '198.51.100.7' }],
    ['another scheme', { 'wsgi.url_scheme': 'https' }],
    ['another version', { SERVER_PROTOCOL: 'HTTP/1.0' }],
    ['a type of content', { CONTENT_TYPE: 'a/b' }],
    ['a name that Connection takes out', { HTTP_X_A: '1', HTTP_CONNECTION: 'x-a' }],
    ['no host', { HTTP_HOST: undefined, SERVER_NAME: 'other.example' }],
    ['a field that ends here', { HTTP_X_SECRET: '1' }],
  ])('is not misled by %s', (_, change) => {
    const memory = new FieldMemory(options);
    const changed = { ...usual, ...change } as Environ;
    for (const environ of [usual, changed, usual, changed]) {
      expect(memory.fieldsOf({ ...environ }).list).toEqual(requestFields(environ, options));
    }
  });

  it('is not misled by a field that is gone, or has become another', () => {
    const memory = new FieldMemory(options);
    memory.fieldsOf({ ...usual });
    const { HTTP_ACCEPT: _, ...without } = usual;
    expect(memory.fieldsOf(without as Environ).list).not.toContain('Accept');
    const renamed = { ...without, HTTP_X_ACCEPT: '*/*' } as unknown as Environ;
    expect(memory.fieldsOf(renamed).list).toEqual(requestFields(renamed, options));
  });

  it('keeps nothing of requests that are very large', () => {
    const memory = new FieldMemory(options);
    const large = { ...usual, HTTP_X_A: 'a'.repeat(9000) } as Environ;
    expect(memory.fieldsOf({ ...large })).not.toBe(memory.fieldsOf({ ...large }));
    const names = Array.from({ length: 90 }, (__, i) => [`HTTP_X_${i}`, '']);
    const many = { ...usual, ...Object.fromEntries(names) } as Environ;
    expect(memory.fieldsOf({ ...many })).not.toBe(memory.fieldsOf({ ...many }));
  });
});
