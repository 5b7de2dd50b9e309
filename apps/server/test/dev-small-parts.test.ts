import { describe, expect, test } from 'vitest';
import { preferredForm } from '../src/dev/accept.ts';
import { allowedHosts } from '../src/dev/allowed-hosts.ts';
import { frameOrigin } from '../src/dev/frame-origin.ts';
import { VersionStreams, privateResources } from '../src/dev/private-resources.ts';
import { isSecret } from '../src/dev/secrets.ts';
import { call, environOf, tellAddress } from './support.ts';

test.each([
  [undefined, 'text'],
  ['*/*', 'text'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ['application/json', 'json'],
  ['application/vnd.api+json', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['text/html;q=0.5, application/json', 'json'],
  ['TEXT/HTML', 'html'],
  ['text/html;q=0', 'text'],
  ['text/html;q=x', 'text'],
])('preferredForm: %s is shown %s', (accept, form) => {
  expect(preferredForm(accept)).toBe(form);
});

describe('allowedHosts', () => {
  const statusFor = async (host: string | undefined): Promise<string> => {
    const environ = environOf('GET /');
    if (host === undefined) delete environ['HTTP_HOST'];
    else environ['HTTP_HOST'] = host;
    return (await call(allowedHosts(['Mine.test'])(tellAddress), environ)).status;
  };

  test.each([
    undefined,
    'localhost',
    'LOCALHOST:80',
    'a.localhost:1',
    '127.0.0.1:8000',
    '192.0.2.9',
    '[::1]:1',
    'mine.TEST:1',
    'mine.test.',
  ])('answers for %s', async (host) => {
    expect(await statusFor(host)).toBe('200 OK');
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    'sub.mine.test',
  ])('does not answer for %s', async (host) => {
    expect(await statusFor(host)).toBe('403 Forbidden');
  });
});

describe('privateResources', () => {
  const streams = new VersionStreams();
  const app = privateResources(streams)(tellAddress);

  test('answers below its prefix, and leaves the rest to the application', async () => {
    expect((await call(app, environOf('GET /@highball/dev/client.js'))).body).toContain('new EventSource');
    expect((await call(app, environOf('GET /@highball/dev/other'))).status).toBe('404 Not Found');
    expect((await call(app, environOf('POST /@highball/dev/events'))).status).toBe('405 Method Not Allowed');
    expect((await call(app, environOf('GET /@highball/device'))).status).toBe('200 OK');
  });

  test('a stream tells the version that there is, then each other; a slow page misses those between', async () => {
    const stream = streams.open();
    streams.announce('1');
    expect((await stream.next()).value).toBe('retry: 500\ndata: 1\n\n');
    const next = stream.next();
    streams.announce('2');
    expect((await next).value).toContain('data: 2\n');
    streams.announce('3');
    streams.announce('4');
    expect((await stream.next()).value).toContain('data: 4\n');
    const late = streams.open();
    expect((await late.next()).value).toContain('data: 4\n');
    await stream.return?.();
    expect((await stream.next()).done).toBe(true);
    await late.return?.();
    expect(streams.size).toBe(0);
  });

  test('a page that leaves wakes its stream', async () => {
    const stream = new VersionStreams().open();
    const next = stream.next();
    await stream.return?.();
    expect((await next).done).toBe(true);
  });

  test('there are 64 streams at most: the oldest ends', async () => {
    const many = new VersionStreams();
    const first = many.open();
    const waiting = first.next();
    for (let i = 0; i < 64; i++) many.open();
    expect(many.size).toBe(64);
    expect((await waiting).done).toBe(true);
  });
});

test.each([
  ['/app/a.js', 'application'],
  ['node:net', 'server'],
  ['/app/node_modules/express/index.js', 'dependency'],
  ['/app/node_modules/@highball/http-parser/dist/x.js', 'server'],
  ['/app/node_modules/highball/dist/x.js', 'server'],
  ['/app/node_modules/highballer/x.js', 'dependency'],
  [new URL('../src/dev/command.ts', import.meta.url).pathname, 'server'],
])('frameOrigin: %s is of the %s', (file, origin) => {
  expect(frameOrigin(file, (path) => path === '/app/a.js')).toBe(origin);
});

test('isSecret knows what opens something', () => {
  const names = [
    'HTTP_AUTHORIZATION',
    'HTTP_COOKIE',
    'HTTP_X_API_KEY',
    'HTTP_X_CSRF_TOKEN',
    'HTTP_PROXY_AUTHORIZATION',
  ];
  expect(names.filter(isSecret)).toEqual(names);
  expect(['HTTP_ACCEPT', 'PATH_INFO', 'wsgi.input'].filter(isSecret)).toEqual([]);
});
