import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, client, multipart, png, type RequestParts } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ask: Client;

beforeAll(async () => {
  folder = await temporaryFolder();
  ask = client(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

const stored = (): Promise<string[]> => readdir(join(folder.path, 'pictures'));

test('a picture is stored under a name of our own, and served as what it is', async () => {
  const before = await stored();
  expect((await ask('POST /pictures', multipart(png, '../../evil.html'))).status).toBe(303);
  const name = (await stored()).find((name) => !before.includes(name)) ?? '';
  expect(name).toMatch(/^[\da-f-]{36}\.png$/);
  const { status, headers } = await ask(`GET /pictures/${name}`);
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('image/png');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect((await ask('GET /pictures')).body).toContain(`/pictures/${name}`);
});

test.each([
  ['jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0])],
  ['gif', Buffer.from('GIF89a...')],
  ['webp', Buffer.from('RIFF\n\0\0\0WEBPVP8 ')],
])('a picture of kind %s is known by its first bytes', async (ending, content) => {
  const before = await stored();
  expect((await ask('POST /pictures', multipart(content))).status).toBe(303);
  const name = (await stored()).find((name) => !before.includes(name)) ?? '';
  expect(name.endsWith(`.${ending}`)).toBe(true);
});

test('a picture of just 2 MB is taken', async () => {
  const content = Buffer.concat([png, Buffer.alloc(2_000_000 - png.length)]);
  expect((await ask('POST /pictures', multipart(content))).status).toBe(303);
});

const raw = (body: string): RequestParts => ({ type: 'multipart/form-data; boundary=xx', body });
const part = (fields: string, content: string): string =>
  `--xx\r\nContent-Disposition: form-data; ${fields}\r\n\r\n${content}`;

test.each([
  ['a page that says it is a picture', multipart(Buffer.from('<script>')), 415],
  ['an SVG, which may hold scripts', multipart(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg">')), 415],
  ['one byte more than 2 MB', multipart(Buffer.concat([png, Buffer.alloc(2_000_001 - png.length)])), 413],
  ['no file', raw('--xx--\r\n'), 400],
  ['a field instead of a file', raw(`${part('name="picture"', 'x')}\r\n--xx--\r\n`), 400],
  ['an empty file', multipart(Buffer.alloc(0)), 400],
  ['a form that breaks off in its head', raw('--xx\r\nContent-Disp'), 400],
  ['a form that breaks off in its file', raw(part('name="picture"; filename="a.png"', 'GIF89a')), 400],
  [
    'a form that breaks off in a second file',
    raw(`${part('name="a"; filename="a.gif"', 'GIF89a')}\r\n${part('name="b"; filename="b.gif"', 'GIF89a')}`),
    400,
  ],
  ['a form without a boundary', { type: 'multipart/form-data', body: 'x' }, 400],
  ['a form without end', raw(part('name="a"', 'x'.repeat(3_000_000))), 413],
  ['no form', { type: 'image/png', body: png }, 415],
  ['nothing', {}, 415],
])('%s is refused', async (_, parts, status) => {
  const before = await stored();
  const answer = await ask('POST /pictures', parts);
  expect(answer.status).toBe(status);
  expect(answer.body).toContain('role="alert"');
  expect(await stored()).toEqual(before);
});

test('a body that says it is too large is refused unread', async () => {
  const input = {
    [Symbol.asyncIterator]: () => {
      throw new Error('read');
    },
  };
  const environ = { CONTENT_LENGTH: '3000000', 'wsgi.input': input as never };
  expect((await ask('POST /pictures', { ...multipart(png), environ })).status).toBe(413);
});

test('a picture that another site sends is refused', async () => {
  const parts = { ...multipart(png), headers: { 'Sec-Fetch-Site': 'cross-site' } };
  expect((await ask('POST /pictures', parts)).status).toBe(403);
});
