import { encodeUwsgiRequest } from '@highball/cgi-protocols';
import type { Application } from '@highball/gateway-protocol';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorker, type WorkerOptions } from '../src/index.ts';
import { bodyOf, deferred, echoBody, echoPath, serve, statusesOf, TestLog, until } from './support.ts';

const uwsgi: WorkerOptions = { protocol: 'uwsgi' };

/** A request as nginx's `uwsgi_params` have it; what is given besides takes the place of the same there. */
function packet(more: Readonly<Record<string, string>> = {}, body = ''): Buffer {
  const variables = {
    QUERY_STRING: '',
    REQUEST_METHOD: body === '' ? 'GET' : 'POST',
    CONTENT_TYPE: '',
    CONTENT_LENGTH: body === '' ? '' : String(body.length),
    REQUEST_URI: '/hello',
    PATH_INFO: '/hello',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '203.0.113.7',
    REMOTE_PORT: '4711',
    SERVER_PORT: '80',
    SERVER_NAME: 'site.example',
    HTTP_HOST: 'site.example',
    ...more,
  };
  return Buffer.concat([encodeUwsgiRequest(Object.entries(variables).flat()), Buffer.from(body, 'latin1')]);
}

describe('a request by uwsgi', () => {
  test('is answered in HTTP, and the connection closes', async () => {
    await using server = await serve(echoPath, uwsgi);
    const answer = await server.exchange(packet().toString('latin1'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('\r\nContent-Length: 6\r\n');
    expect(answer).toContain('\r\nConnection: close\r\n');
    expect(bodyOf(answer)).toBe('/hello');
  });
});
