import { temporaryFolder } from '@highball/testkit';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RuleConditions } from '../src/index.ts';
import { ask } from './support.ts';

/** Whether conditions hold for a request. */
function holds(conditions: RuleConditions, address: string, fields: Record<string, string> = {}): boolean {
  return ask([{ ...conditions, refuse: 410 }], address, fields).status !== '200 OK';
}

describe('conditions', () => {
  test.each<[RuleConditions, string, Record<string, string>, boolean]>([
    [{}, '/', {}, true],
    [{ path: '/a' }, '/a', {}, true],
    [{ path: '/a' }, '/a/', {}, false],
    [{ path: '/a' }, '/A', {}, false],
    [{ path: '/a/:b' }, '/a/x%2Fy', {}, false],
    [{ path: /^\/a/g }, '/ab', {}, true],
    [{ path: '/ä' }, '/%C3%A4', {}, true],
    [{ methods: ['POST', 'PUT'] }, '/', { REQUEST_METHOD: 'PUT' }, true],
    [{ methods: ['POST'] }, '/', {}, false],
    [{ hosts: ['www.example.com'] }, '/', { HTTP_HOST: 'WWW.example.com:8000' }, true],
    [{ hosts: ['a.example', /\.com$/] }, '/', {}, true],
    [{ hosts: ['example.com'] }, '/', {}, false],
    [{ scheme: 'https' }, '/', {}, false],
    [{ scheme: 'https' }, '/', { 'wsgi.url_scheme': 'https' }, true],
    [{ headers: { 'user-agent': /MSIE/ } }, '/', { HTTP_USER_AGENT: 'MSIE 6' }, true],
    [{ headers: { 'content-type': 'text/plain' } }, '/', { CONTENT_TYPE: 'text/plain' }, true],
    [{ headers: { cookie: true } }, '/', { HTTP_COOKIE: '' }, true],
    [{ headers: { cookie: true } }, '/', {}, false],
    [{ headers: { cookie: false } }, '/', {}, true],
    [{ query: { a: '1' } }, '/?a=1&a=2', {}, true],
    [{ query: { a: '2' } }, '/?a=1&a=2', {}, false],
    [{ query: { a: 'ä b' } }, '/?a=%C3%A4+b', {}, true],
    [{ query: { a: /^\d+$/, b: true } }, '/?a=1', {}, false],
    [{ query: { a: false } }, '/?b', {}, true],
    [{ path: '/a', methods: ['GET'], unless: { query: { b: true } } }, '/a', {}, true],
    [{ path: '/a', unless: { query: { b: true } } }, '/a?b', {}, false],
    [{ unless: [{ path: '/a' }, { path: '/b' }] }, '/b', {}, false],
    [{ unless: [{ path: '/a' }, { path: '/b' }] }, '/c', {}, true],
    [{ unless: { path: '/a', methods: ['POST'] } }, '/a', {}, true],
  ])('%o for %s %o: %s', (conditions, address, fields, expected) => {
    expect(holds(conditions, address, fields)).toBe(expected);
  });

  test('an expression with the flag g or y is asked from the start each time', () => {
    const conditions = { path: /a/g, hosts: [/w/y] };
    for (let i = 0; i < 3; i++) expect(holds(conditions, '/a')).toBe(true);
  });

  test('what several of them capture can be used together', () => {
    const rule = {
      path: '/:page',
      hosts: [/^(?<customer>\w+)\.example\.com$/],
      query: { lang: /^(?<lang>[a-z]{2})$/ },
      headers: { Cookie: /theme=(?<theme>\w+)/ },
      rewrite: '/{customer}/{lang}/{theme}/{page}',
      queryPolicy: 'replace',
    } as const;
    const { asked } = ask([rule], '/start?lang=de', { HTTP_COOKIE: 'a=b; theme=dark' });
    expect(asked).toBe('/www/de/dark/start');
  });
});

describe('files', async () => {
  const folder = await temporaryFolder();
  afterAll(() => folder[Symbol.asyncDispose]());
  const { path: root } = folder;
  mkdirSync(join(root, 'docs'));
  mkdirSync(join(root, '..folder'));
  writeFileSync(join(root, 'docs/a b.html'), '');
  writeFileSync(join(root, 'index.html'), '');

  test.each<[RuleConditions, string, boolean]>([
    [{ isFile: '{$path}' }, '/index.html', true],
    [{ isFile: '{$path}' }, '/docs/a%20b.html', true],
    [{ isFile: '{$path}' }, '/docs', false],
    [{ isFolder: '{$path}' }, '/docs', true],
    [{ isFolder: '{$path}' }, '/docs/', true],
    [{ isFolder: '{$path}' }, '/', true],
    [{ isFolder: '/..folder' }, '/', true],
    [{ isFile: '{$path}' }, '/missing', false],
    [{ isFile: '{$path}' }, '/docs/../index.html', true],
    [{ isFile: '{$path}' }, '/index.html%00', false],
    [{ isFile: '{$path}' }, '/%E4', false],
    [{ isFolder: '{$path}' }, '/..', false],
    [{ isFolder: '{$path}' }, '/%2e%2e/%2e%2e', false],
    [{ path: /^\/(?<name>\w+)$/, isFile: '/{name}.html' }, '/index', true],
    [{ unless: [{ isFile: '{$path}' }, { isFolder: '{$path}' }] }, '/index.html', false],
    [{ unless: [{ isFile: '{$path}' }, { isFolder: '{$path}' }] }, '/else', true],
  ])('%o for %s: %s', (conditions, address, expected) => {
    const answer = ask([{ ...conditions, refuse: 410 }], address, {}, { root });
    expect(answer.status !== '200 OK').toBe(expected);
  });

  test('a folder beside the root that begins with its name is not below it', () => {
    const asked: string[] = [];
    const fileKind = (path: string): undefined => void asked.push(path);
    ask([{ isFile: '/../root-secret', refuse: 410 }], '/', {}, { root: '/srv/root', fileKind });
    expect(asked).toEqual([]);
    ask([{ isFile: '/a', refuse: 410 }], '/', {}, { root: '/srv/root', fileKind });
    ask([{ isFile: '/a', refuse: 410 }], '/', {}, { root: '/', fileKind });
    expect(asked).toEqual(['/srv/root/a', '/a']);
  });
});
