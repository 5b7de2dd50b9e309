import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { cgi } from '../src/index.ts';
import { bodyOf, Scripts, serve, statusOf } from './support.ts';

describe('local redirects', () => {
  const script = (scripts: Scripts): Promise<string> =>
    scripts.sh('local', "printf 'Location: /other/p%%20q?x=y\\n\\n'");
  const site: Application = async (environ, start) => {
    start('200 OK', []);
    const body = await environ['wsgi.input'].read();
    const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, RAW_URI, CONTENT_LENGTH } = environ;
    return [[REQUEST_METHOD, PATH_INFO, QUERY_STRING, RAW_URI, CONTENT_LENGTH, body.length].join(' ')];
  };

  test('are answered by the application of the options, without the body', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await script(scripts), { localRedirect: site }));
    expect(bodyOf(await server.ask('POST /', 'body'))).toBe('GET /other/p q x=y /other/p%20q?x=y  0');
  });

  test('are 302 without one', async () => {
    await using scripts = await Scripts.make();
    await using server = await serve(cgi(await script(scripts)));
    const answer = await server.ask('GET /');
    expect(answer).toMatch(/^HTTP\/1\.1 302 Found\r\n[^]*Location: \/other\/p%20q\?x=y\r\n/);
  });

  test('end in 500 when there are too many', async () => {
    await using scripts = await Scripts.make();
    const loop: Application = cgi(await script(scripts), {
      localRedirect: (environ, start) => loop(environ, start),
      maxLocalRedirects: 3,
    });
    await using server = await serve(loop);
    expect(statusOf(await server.ask('GET /'))).toBe(500);
    expect(server.errors.text).toContain('REDIRECT_LOOP');
  });
});
