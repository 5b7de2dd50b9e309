import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Store } from '../src/store.ts';
import { type Answer, client, multipart, png, type RequestParts } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ask: (request: string, parts?: RequestParts) => Promise<Answer>;

beforeAll(async () => {
  folder = await temporaryFolder();
  ask = client(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

const POST = '/Blogs/Posts?Year=2006&Month=12&Day=10';
const form = (fields: Record<string, string>): RequestParts => ({
  type: 'application/x-www-form-urlencoded',
  body: new URLSearchParams(fields).toString(),
});

describe('pages', () => {
  test.each([
    ['GET /', 200, 'A highball, served tall'],
    ['HEAD /', 200, ''],
    [`GET ${POST}`, 200, '<link rel="canonical" href="/blogs/2006/12/10/">'],
    ['GET /Blogs/Posts?Year=2006&Month=12', 200, 'Clean addresses'],
    ['GET /Blogs/Posts?Year=2006', 200, 'Written in 2006'],
    ['GET /Blogs/Posts?Year=1999', 404, 'Nothing was written then.'],
    ['GET /Blogs/Posts?Year=2006&Month=12&Day=11', 404, 'no post of that day'],
    ['GET /Blogs/Posts', 400, 'Year, Month and Day'],
    ["GET /Blogs/Posts?Year=2006'--", 400, 'in digits'],
    ['GET /search?q=socket+kernel', 200, '2 posts'],
    ['GET /search?q=%25', 200, '0 posts'],
    ['GET /search', 200, 'Type a word'],
    ['GET /pictures', 200, 'Nobody has sent one yet.'],
    ['GET /about', 200, 'REQUEST_METHOD'],
    ['GET /nothing', 404, 'nothing at this address'],
    ['GET /constructor', 404, 'nothing at this address'],
    ['GET /pictures/..%2fblog.sqlite', 404, ''],
    ['GET /pictures/blog.sqlite', 404, 'no such picture'],
    ['GET /\xff', 400, 'not readable text'],
    ['DELETE /', 405, 'Nobody can DELETE this'],
    ['POST /about', 405, ''],
  ])('%s is %d', async (request, status, text) => {
    const answer = await ask(request);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  test('405 says what is allowed', async () => {
    expect((await ask('DELETE /pictures')).headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('what a reader searched for is shown as text', async () => {
    const { body } = await ask('GET /search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E');
    expect(body).not.toContain('<script>alert');
    expect(body).toContain('&#60;script&#62;');
  });

  test('the page about the request hides what is secret', async () => {
    const { body } = await ask('GET /about', {
      headers: { Cookie: 'session=opensesame', Authorization: 'Basic abc' },
    });
    expect(body).toContain('HTTP_COOKIE');
    expect(body).not.toMatch(/opensesame|Basic abc/);
  });
});

describe('comments', () => {
  test('are stored, shown as text, and there after the database was opened again', async () => {
    const answer = await ask(`POST ${POST}`, form({ author: '<b>Ada</b>', text: 'first\n<img src=x>' }));
    expect(answer).toMatchObject({ status: 303 });
    expect(answer.headers.get('location')).toBe('/blogs/2006/12/10/#comments');
    const { body } = await client(folder.path)(`GET ${POST}`);
    expect(body).toContain('&#60;b&#62;Ada');
    expect(body).toContain('&#60;img src=x&#62;');
    expect(body).not.toContain('<img src=x>');
  });

  test.each([
    [form({ author: '', text: 'x' }), 422, 'Please give a name'],
    [form({ author: 'a'.repeat(61), text: 'x' }), 422, 'Please give a name'],
    [form({ author: 'a', text: '  ' }), 422, 'Please write a comment'],
    [form({ author: 'a', text: 'x'.repeat(2001) }), 422, 'Please write a comment'],
    [form({ author: 'a', text: 'x'.repeat(70_000) }), 413, 'more than fits'],
    [{ type: 'text/plain', body: 'author=a&text=b' }, 415, 'no form'],
    [{}, 415, 'no form'],
    [
      { ...form({ author: 'a', text: 'b' }), headers: { Origin: 'https://evil.example' } },
      403,
      'another site',
    ],
    [
      { ...form({ author: 'a', text: 'b' }), headers: { 'Sec-Fetch-Site': 'cross-site' } },
      403,
      'another site',
    ],
  ])('a form that cannot be taken is refused: %#', async (parts, status, text) => {
    const before = (await ask(`GET ${POST}`)).body.match(/<li>/g)?.length;
    const answer = await ask(`POST ${POST}`, parts);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect((await ask(`GET ${POST}`)).body.match(/<li>/g)?.length).toBe(before);
  });

  test('a form of this site is taken', async () => {
    const headers = { Origin: 'http://localhost:8000', 'Sec-Fetch-Site': 'same-origin' };
    expect((await ask(`POST ${POST}`, { ...form({ author: 'a', text: 'b' }), headers })).status).toBe(303);
  });
});

describe('pictures', () => {
  test('are stored under a name of our own, and served with the type that they are', async () => {
    expect((await ask('POST /pictures', multipart(png, '../../evil.html'))).status).toBe(303);
    const [name = ''] = await readdir(join(folder.path, 'pictures'));
    expect(name).toMatch(/^[\da-f-]{36}\.png$/);
    const { status, headers } = await ask(`GET /pictures/${name}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect((await ask('GET /pictures')).body).toContain(`/pictures/${name}`);
  });

  test.each([
    ['a page that says it is a picture', multipart(Buffer.from('<script>')), 415],
    ['more than 2 MB', multipart(Buffer.concat([png, Buffer.alloc(2_000_001)])), 413],
    ['no file', { type: 'multipart/form-data; boundary=xx', body: '--xx--\r\n' }, 400],
    [
      'a form that breaks off',
      { type: 'multipart/form-data; boundary=xx', body: '--xx\r\nContent-Disp' },
      400,
    ],
    ['a form without a boundary', { type: 'multipart/form-data', body: 'x' }, 400],
    ['no form', { type: 'image/png', body: png }, 415],
  ])('%s is refused', async (_, parts, status) => {
    const before = await readdir(join(folder.path, 'pictures'));
    expect((await ask('POST /pictures', parts)).status).toBe(status);
    expect(await readdir(join(folder.path, 'pictures'))).toEqual(before);
  });
});

describe('readers', () => {
  test('are counted once each, by all processes together', async () => {
    const other = client(folder.path);
    await ask('GET /readers?reader=reader-one');
    await ask('GET /readers?reader=reader-one');
    expect((await other('GET /readers?reader=reader-two')).body).toBe('{"readers":2}');
    expect((await ask('GET /readers?reader=<>')).status).toBe(400);
  });
});

test('processes that start at the same moment seed the blog once', async () => {
  await using fresh = await temporaryFolder();
  const program = `import { Store } from '${new URL('../src/store.ts', import.meta.url).href}'; new Store(process.argv[1]);`;
  const starts = Array.from(
    { length: 4 },
    () => new Program(process.execPath, ['--input-type=module', '-e', program, fresh.path]),
  );
  expect(await Promise.all(starts.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
  const store = new Store(fresh.path);
  expect(store.posts()).toHaveLength(7);
  store.close();
});
