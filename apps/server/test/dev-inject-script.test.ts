import type { Application, BodyChunk, Environ, HeaderList, ResponseBody } from '@highball/gateway-protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { injectScript } from '../src/dev/inject-script.ts';
import { call, environOf } from './support.ts';

const TAG = '<script src="/@highball/dev/client.js" data-version="7"></script>';
const BROWSER = { HTTP_SEC_FETCH_DEST: 'document' };

function appOf(
  body: ResponseBody,
  headers: HeaderList = [['Content-Type', 'text/html']],
  status = '200 OK',
): Application {
  return (_, startResponse) => {
    startResponse(status, headers);
    return body;
  };
}

const ask = (
  app: Application,
  more: Record<string, string> = BROWSER,
  request = 'GET /',
): ReturnType<typeof call> => call(injectScript('7')(app), environOf(request, more));

async function* pieces(...chunks: BodyChunk[]): AsyncGenerator<BodyChunk> {
  yield* chunks;
}

describe('injectScript', () => {
  test.each([
    ['<!doctype html><html><head><title>', `<!doctype html><html><head>${TAG}<title>`],
    [
      '\n<!-- a --><!DOCTYPE html>\n<HTML lang="en">\n<HEAD data-x>x',
      `\n<!-- a --><!DOCTYPE html>\n<HTML lang="en">\n<HEAD data-x>${TAG}x`,
    ],
    ['<html><body>x', `<html>${TAG}<body>x`],
    ['<!doctype html><title>x</title>', `<!doctype html><title>x</title>${TAG}`],
    ['<p>No document', `<p>No document${TAG}`],
    ['\uFEFF<html><!-- c --><head>x', `\uFEFF<html><!-- c --><head>${TAG}x`],
    // Not the document's own.
    ['<p title="<head>">', `<p title="<head>">${TAG}`],
    ['<!-- <html><head> --><p>', `<!-- <html><head> --><p>${TAG}`],
    ['', TAG],
  ])('makes of %j', async (page, expected) => {
    expect((await ask(appOf([page]))).body).toBe(expected);
    expect((await ask(appOf([Buffer.from(page)]))).body).toBe(expected);
    expect((await ask(appOf(pieces('', page, '')))).body).toBe(expected);
  });

  test('counts itself in Content-Length', async () => {
    const body = '<html>ä</html>';
    const { headers, body: sent } = await ask(
      appOf(
        [body],
        [
          ['Content-Type', 'text/html; charset=utf-8'],
          ['content-length', '15'],
        ],
      ),
    );
    expect(headers).toContainEqual(['content-length', String(Buffer.byteLength(sent))]);
  });

  test('holds no piece back, and is in any page exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('<html>', '<head>', 'x', '', '<!-- ', '-->', '<')),
        async (chunks) => {
          const { body } = await ask(appOf(pieces(...chunks)));
          expect(body.split(TAG)).toHaveLength(2);
          expect(body.replace(TAG, '')).toBe(chunks.join(''));
        },
      ),
    );
  });

  test('does not delay a stream', async () => {
    async function* stream(): AsyncGenerator<string> {
      yield '<html>';
      await new Promise(() => undefined);
    }
    const body = await injectScript('7')(appOf(stream()))(environOf('GET /', BROWSER), () => () => undefined);
    const first = await (body as AsyncIterable<BodyChunk>)[Symbol.asyncIterator]().next();
    expect(first.value).toBe(`<html>${TAG}`);
  });

  test('is in what the application writes', async () => {
    const written: BodyChunk[] = [];
    const app: Application = (_, startResponse) => {
      const write = startResponse('200 OK', [['Content-Type', 'text/html']]);
      void write('<html><head>');
      void write('<title>');
      return [];
    };
    await injectScript('7')(app)(environOf('GET /', BROWSER), () => (chunk) => void written.push(chunk));
    expect(written).toEqual([`<html><head>${TAG}`, '<title>']);
  });

  test('stays out of what is no page', async () => {
    const same = async (app: Application, more?: Record<string, string>, request?: string): Promise<void> => {
      const { body } = await ask(app, more, request);
      expect(body).toBe('<html>');
    };
    const html: [string, string] = ['Content-Type', 'text/html'];
    await same(appOf(['<html>'], [['Content-Type', 'text/plain']]));
    await same(appOf(['<html>'], [['Content-Type', 'text/html-sandboxed']]));
    await same(appOf(['<html>'], [['Content-Type', 'text/html; charset=UTF-16']]));
    await same(appOf(['<html>'], [html, ['Content-Encoding', 'gzip']]));
    await same(appOf(['<html>'], [html, ['Content-Disposition', 'attachment']]));
    await same(appOf(['<html>'], [html], '206 Partial Content'));
    await same(appOf(['<html>']), BROWSER, 'POST /');
    await same(appOf(['<html>']), BROWSER, 'HEAD /');
    // A fragment that a script asks for, a frame, a program.
    await same(appOf(['<html>']), { HTTP_SEC_FETCH_DEST: 'empty', HTTP_ACCEPT: 'text/html' });
    await same(appOf(['<html>']), { HTTP_SEC_FETCH_DEST: 'iframe' });
    await same(appOf(['<html>']), { HTTP_ACCEPT: '*/*' });
  });

  test('has pages sent whole and plain, and keeps them out of caches', async () => {
    let seen: Partial<Environ> = {};
    const app: Application = (environ, startResponse) => {
      seen = environ;
      startResponse('200 OK', [
        ['Content-Type', 'text/html'],
        ['ETag', '"a"'],
        ['Cache-Control', 'max-age=60'],
      ]);
      return ['<html>'];
    };
    const { headers } = await ask(app, { ...BROWSER, HTTP_IF_NONE_MATCH: '"a"', HTTP_ACCEPT_ENCODING: 'br' });
    expect(seen.HTTP_IF_NONE_MATCH).toBeUndefined();
    expect(seen.HTTP_ACCEPT_ENCODING).toBe('identity');
    expect(headers).toEqual([
      ['Content-Type', 'text/html'],
      ['Cache-Control', 'no-store'],
    ]);
  });

  test('leaves a synchronous application synchronous, and closes its body', () => {
    let closed = 0;
    const body = Object.assign(['<html>'], { close: () => void closed++ });
    const result = injectScript('7')(appOf(body))(
      environOf('GET /', BROWSER),
      () => () => undefined,
    ) as string[] & { close(): void };
    expect([...result]).toEqual([`<html>${TAG}`]);
    result.close();
    expect(closed).toBe(1);
  });

  test('is allowed by the policy of the page', async () => {
    const policy: [string, string] = ['Content-Security-Policy', "script-src 'self'"];
    const at = (host: string): ReturnType<typeof ask> =>
      ask(appOf([''], [['Content-Type', 'text/html'], policy]), { ...BROWSER, HTTP_HOST: host });
    const valueAt = async (host: string): Promise<string | undefined> =>
      (await at(host)).headers.find(([name]) => name === policy[0])?.[1];
    expect(await valueAt('localhost:8000')).toContain(
      "script-src-elem 'self' http://localhost:8000/@highball/dev/",
    );
    // No host of a policy can be an IPv6 address, nor must a client write directives.
    expect(await valueAt('[::1]:8000')).toContain("script-src-elem 'self'");
    expect(await valueAt('x; script-src *')).not.toContain('script-src *');
  });
});
