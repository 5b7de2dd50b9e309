import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { allowedHosts } from '../src/dev/allowed-hosts.ts';
import { frameOrigin } from '../src/dev/frame-origin.ts';
import { VersionStreams, privateResources } from '../src/dev/private-resources.ts';
import { Markup, markup } from '../src/dev/markup.ts';
import { placeText } from '../src/dev/place-text.ts';
import { isSecret } from '../src/dev/secrets.ts';
import { readExcerpt } from '../src/dev/source-excerpt.ts';
import { findSyntaxPlace } from '../src/dev/syntax-place.ts';
import { call, environOf, tellAddress } from './support.ts';

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

test('markup escapes all but markup, for text and for attributes', () => {
  const evil = `<a href="x" title='y'>&`;
  expect(markup`<b title="${evil}">${[evil, 1, new Markup('<i>')]}${false}${undefined}</b>`.text).toBe(
    '<b title="&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;">&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;1<i></b>',
  );
});

test.each([
  [{ file: '/app/src/a.ts', line: 3, column: 7 }, 'src/a.ts:3:7'],
  [{ file: '/app/src/a.ts', line: 3 }, 'src/a.ts:3'],
  [{ file: '/other/a.ts', line: 3, column: 7 }, '/other/a.ts:3:7'],
  [{ file: 'node:net', line: 3, column: 7 }, 'node:net:3:7'],
  [undefined, '<anonymous>'],
])('placeText: %j is %s', (place, text) => {
  expect(placeText(place, '/app')).toBe(text);
});

describe('readExcerpt', () => {
  test('gives the lines around one, as far as there are any, and cuts those without an end', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'a.js');
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`);
    await writeFile(file, `${lines.join('\r\n')}\n`);
    expect(readExcerpt(file, 10)).toEqual({ firstLine: 4, lines: lines.slice(3, 16) });
    expect(readExcerpt(file, 1)).toEqual({ firstLine: 1, lines: lines.slice(0, 7) });
    // The end of a file is where a compiler misses a brace.
    expect(readExcerpt(file, 21)).toEqual({ firstLine: 14, lines: lines.slice(13) });
    await writeFile(file, 'x'.repeat(10_000));
    expect(readExcerpt(file, 1)?.lines[0]?.length).toBe(401);
  });

  test('gives nothing of what is no source', async () => {
    await using folder = await temporaryFolder();
    const large = join(folder.path, 'large.js');
    await writeFile(large, '\n'.repeat(2_097_153));
    for (const file of [large, folder.path, join(folder.path, 'gone'), '/dev/zero']) {
      expect(readExcerpt(file, 1)).toBeUndefined();
    }
  });
});

describe('findSyntaxPlace', () => {
  test('asks Node where a module does not compile', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'a.mjs');
    await writeFile(file, 'const a = 1;\nconst a = 2;\n');
    expect(await findSyntaxPlace(new SyntaxError('no'), file)).toEqual({ file, line: 2, column: 7 });
    await writeFile(file, 'const a = 1;\n');
    expect(await findSyntaxPlace(new SyntaxError('no'), file)).toBeUndefined();
  });

  test('has nothing to ask for other errors, and other files', async () => {
    expect(await findSyntaxPlace(new TypeError('no'), import.meta.filename)).toBeUndefined();
    expect(await findSyntaxPlace(new SyntaxError('no'), undefined)).toBeUndefined();
    expect(await findSyntaxPlace(new SyntaxError('no'), '/a.json')).toBeUndefined();
  });
});
