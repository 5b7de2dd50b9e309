import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, client, form } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ask: Client;

beforeAll(async () => {
  folder = await temporaryFolder();
  ask = client(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

const POST = '/Blogs/Posts?Year=2006&Month=12&Day=10';

describe('a page that is known already', () => {
  test('is 304 until something in it changes', async () => {
    const { headers } = await ask('GET /');
    const tag = headers.get('etag') as string;
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    const again = await ask('GET /', { headers: { 'If-None-Match': `"other", W/${tag}` } });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers.get('cache-control')).toBe('no-cache');
    expect((await ask('GET /', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
    expect((await ask('GET /nothing', { headers: { 'If-None-Match': tag } })).status).toBe(404);
  });
});

describe('pages', () => {
  test.each([
    ['GET /', 200, 'A highball, served tall'],
    [`GET ${POST}`, 200, '<link rel="canonical" href="/blogs/2006/12/10/" />'],
    ['GET /Blogs/Posts?Year=2014&Month=5&Day=2', 200, 'A file is a cache entry'],
    ['GET /Blogs/Posts?Year=2006&Month=12', 200, 'Written in December 2006'],
    ['GET /Blogs/Posts?Year=2006', 200, 'Written in 2006'],
    ['GET /Blogs/Posts?Year=1999', 404, 'Nothing was written then.'],
    ['GET /Blogs/Posts?Year=2006&Month=13', 404, 'Nothing was written then.'],
    ['GET /Blogs/Posts?Year=2006&Month=12&Day=11', 404, 'no post of that day'],
    ['GET /Blogs/Posts?Year=2006&Month=02&Day=30', 404, 'no post of that day'],
    ['GET /Blogs/Posts', 400, 'Year, Month and Day'],
    ['GET /Blogs/Posts?Year=2006&Day=10', 400, 'Year, Month and Day'],
    ["GET /Blogs/Posts?Year=2006'--", 400, 'in digits'],
    ['GET /Blogs/Posts?Year=2006&Month=-1', 400, 'in digits'],
    ['GET /search?q=socket+kernel', 200, '2 posts'],
    ['GET /search?q=%25', 200, 'No posts'],
    ['GET /search', 200, 'Type a word'],
    ['GET /pictures', 200, 'Nobody has sent one yet.'],
    ['GET /about', 200, 'REQUEST_<wbr />METHOD'],
    ['GET /nothing', 404, 'nothing at this address'],
    ['GET /constructor', 404, 'nothing at this address'],
    ['GET /pictures/../blog.sqlite', 404, 'nothing at this address'],
    ['GET /pictures/blog.sqlite', 404, 'no such picture'],
    ['GET /\xff', 400, 'not readable text'],
    ['DELETE /', 405, 'knows GET, HEAD, OPTIONS only'],
    ['POST /about', 405, 'knows GET, HEAD, OPTIONS only'],
    ['constructor /', 405, 'knows GET, HEAD, OPTIONS only'],
  ])('%s is %d', async (request, status, text) => {
    const answer = await ask(request);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
  });

  test.each(['/', POST, '/nothing', '/pictures'])(
    '%s lets a browser run and load nothing from elsewhere, or inline',
    async (address) => {
      const { headers, body } = await ask(`GET ${address}`);
      const policy = headers.get('content-security-policy');
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain('unsafe-inline');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(body).not.toMatch(/<script(?! src="\/)|<style| style=| on\w+=|(src|href)="(https?:)?\/\//);
    },
  );

  test('HEAD is answered like GET', async () => {
    const head = await ask('HEAD /search?q=socket');
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  test('OPTIONS says what an address knows', async () => {
    const answer = await ask('OPTIONS /about');
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  test('405 says what is allowed', async () => {
    expect((await ask('DELETE /pictures')).headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  });

  test('what a reader searched for is shown as text', async () => {
    const { body } = await ask('GET /search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E');
    expect(body).not.toContain('<script>alert');
    expect(body).toContain('&#60;script&#62;');
  });
});

describe('about this request', () => {
  test('tells the processes that served it', async () => {
    const environ = {
      'highball.master_pid': 4711,
      'highball.worker_id': 3,
      'highball.pool': 'blog-2',
      HTTP_VIA: '1.1 highball',
    };
    const { body } = await ask('GET /about', { environ });
    for (const text of [
      '4711',
      'Worker 3',
      'blog-2',
      '<strong>highball</strong>',
      `process ${process.pid}`,
    ]) {
      expect(body).toContain(text);
    }
  });

  test('works behind another server', async () => {
    expect((await ask('GET /about')).body).toContain('none: you are connected to the worker');
  });

  test('hides what is secret, and shows the rest as text', async () => {
    const headers = {
      Cookie: 'session=opensesame',
      Authorization: 'Basic opensesame',
      'X-Api-Key': 'opensesame',
      'X-Csrf-Token': 'opensesame',
      'User-Agent': '<script>alert(1)</script>',
    };
    const { body } = await ask('GET /about', { headers });
    expect(body).toContain('COOKIE');
    expect(body).not.toContain('opensesame');
    expect(body).not.toContain('<script>alert');
  });
});

describe('comments', () => {
  test('are stored, shown as text, and there for another process', async () => {
    const answer = await ask(`POST ${POST}`, form({ author: '<b>Ada</b>', text: 'first\r\n<img src=x>' }));
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/blogs/2006/12/10/#comment-1');
    const { body } = await client(folder.path)(`GET ${POST}`);
    expect(body).toContain('id="comment-1"');
    expect(body).toContain('<strong>&#60;b&#62;Ada&#60;/b&#62;</strong>');
    expect(body).toContain('<p>first</p><p>&#60;img src=x&#62;</p>');
  });

  test('what cannot be taken is given back to be mended, as text', async () => {
    const parts = form({ author: '"><script>', text: '</textarea>'.repeat(200) });
    const { status, body } = await ask(`POST ${POST}`, parts);
    expect(status).toBe(422);
    expect(body).toContain('value="&#34;&#62;&#60;script&#62;"');
    expect(body).toContain('&#60;/textarea&#62;&#60;/textarea&#62;');
    expect(body.match(/<\/textarea/g)).toHaveLength(1);
  });

  test.each([
    ['no name', form({ author: '', text: 'x' }), 422, 'Please give a name'],
    ['a name of controls', form({ author: '\n\0', text: 'x' }), 422, 'Please give a name'],
    ['a long name', form({ author: 'a'.repeat(61), text: 'x' }), 422, 'Please give a name'],
    ['no text', form({ author: 'a', text: '  ' }), 422, 'Please write a comment'],
    ['a long text', form({ author: 'a', text: 'x'.repeat(2001) }), 422, 'Please write a comment'],
    ['a huge form', form({ author: 'a', text: 'x'.repeat(70_000) }), 413, 'more than fits'],
    ['another type', { type: 'text/plain', body: 'author=a&text=b' }, 415, 'no form'],
    ['a type that begins alike', { ...form({}), type: 'application/x-www-form-urlencodedx' }, 415, 'no form'],
    ['no type', {}, 415, 'no form'],
  ])('with %s are refused', async (_, parts, status, text) => {
    const before = (await ask(`GET ${POST}`)).body;
    const answer = await ask(`POST ${POST}`, parts);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect((await ask(`GET ${POST}`)).body).toBe(before);
  });

  test('need a post', async () => {
    const parts = form({ author: 'a', text: 'b' });
    expect((await ask('POST /Blogs/Posts?Year=2006&Month=12&Day=11', parts)).status).toBe(404);
    expect((await ask('POST /Blogs/Posts?Year=2006', parts)).status).toBe(404);
    expect((await ask('POST /Blogs/Posts', parts)).status).toBe(400);
  });
});
