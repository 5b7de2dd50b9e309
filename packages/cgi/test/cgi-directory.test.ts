import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgiDirectory } from '../src/index.ts';
import { bodyOf, Scripts, serve, statusOf } from './support.ts';

const ECHO = 'printf \'Content-Type: text/plain\\n\\n%s\' "$SCRIPT_NAME|$PATH_INFO|$PATH_TRANSLATED"';

describe('cgiDirectory', () => {
  test('the first part of the path that is a program is run, the rest is its PATH_INFO', async () => {
    await using scripts = await Scripts.make();
    await scripts.sh('name', ECHO);
    await scripts.sh('folder/with space', ECHO);
    await using server = await serve(cgiDirectory(scripts.path, { documentRoot: '/srv/' }));
    expect(bodyOf(await server.ask('GET /cgi-bin/name'))).toBe('/cgi-bin/name||');
    expect(bodyOf(await server.ask('GET /cgi-bin/name/'))).toBe('/cgi-bin/name|/|/srv/');
    expect(bodyOf(await server.ask('GET /cgi-bin/name/a/../b?c'))).toBe('/cgi-bin/name|/a/../b|');
    expect(bodyOf(await server.ask('GET /cgi-bin/folder/with%20space/x'))).toBe(
      '/cgi-bin/folder/with space|/x|/srv/x',
    );
  });

  test('another prefix, or none', async () => {
    await using scripts = await Scripts.make();
    await scripts.sh('name', ECHO);
    await using server = await serve(cgiDirectory(scripts.path, { prefix: '/' }));
    expect(bodyOf(await server.ask('GET /name/x'))).toBe('/name|/x|');
    expect(() => cgiDirectory(scripts.path, { prefix: 'x' })).toThrow('prefix');
    expect(() => cgiDirectory(join(scripts.path, 'name'))).toThrow('no folder');
  });

  test('nothing outside the folder is run, nor what hides, nor what is no program', async () => {
    await using scripts = await Scripts.make();
    await scripts.sh('outside', ECHO);
    await scripts.sh('cgi/inside', ECHO);
    await scripts.sh('cgi/.hidden', ECHO);
    await scripts.write('cgi/text', 'no program', 0o644);
    await scripts.write('cgi/anyone', '#!/bin/sh', 0o777);
    await mkdir(join(scripts.path, 'cgi/empty'));
    await symlink('../outside', join(scripts.path, 'cgi/link'));
    await symlink('inside', join(scripts.path, 'cgi/alias'));
    const folder = join(scripts.path, 'cgi');
    await using server = await serve(cgiDirectory(folder));
    const status = async (path: string): Promise<number> => statusOf(await server.ask(`GET ${path}`));
    expect(await status('/cgi-bin/inside')).toBe(200);
    expect(await status('/cgi-bin/alias')).toBe(200);
    expect(await status('/cgi-bin/../outside')).toBe(404);
    expect(await status('/cgi-bin/%2e%2e/outside')).toBe(404);
    expect(await status('/cgi-bin/..%2foutside')).toBe(400);
    expect(await status('/cgi-bin/empty%5c..%5cinside')).toBe(400);
    expect(await status('/cgi-bin/link')).toBe(404);
    expect(await status('/cgi-bin/.hidden')).toBe(404);
    expect(await status('/cgi-bin/missing')).toBe(404);
    expect(await status('/cgi-bin/empty')).toBe(404);
    expect(await status('/cgi-bin//inside')).toBe(404);
    expect(await status('/cgi-bin')).toBe(404);
    expect(await status('/cgi-bin/')).toBe(404);
    expect(await status('/other/inside')).toBe(404);
    expect(await status('/cgi-bin/text')).toBe(403);
    expect(await status('/cgi-bin/anyone')).toBe(403);
    expect(await status(`/cgi-bin/${'a/'.repeat(100)}`)).toBe(404);
    await using trusting = await serve(cgiDirectory(folder, { followSymlinks: true }));
    expect(statusOf(await trusting.ask('GET /cgi-bin/link'))).toBe(200);
  });

  test('what it does not have, another application may', async () => {
    await using scripts = await Scripts.make();
    await scripts.sh('name', ECHO);
    await using server = await serve(
      cgiDirectory(scripts.path, { fallthrough: (_environ, start) => (start('200 OK', []), ['else']) }),
    );
    expect(bodyOf(await server.ask('GET /cgi-bin/missing'))).toBe('else');
    expect(bodyOf(await server.ask('GET /elsewhere'))).toBe('else');
    expect(bodyOf(await server.ask('GET /cgi-bin/name'))).toBe('/cgi-bin/name||');
  });
});
