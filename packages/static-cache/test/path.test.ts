import { describe, expect, test } from 'vitest';
import { fileNameOf, hasDotfile, KnownPaths } from '../src/path.ts';
import { environOf } from './support.ts';

describe('names of files', () => {
  test.each([
    ['/a.txt', 'a.txt', false],
    ['/a/b-c_d~e.tar.gz', 'a/b-c_d~e.tar.gz', false],
    ['/', '', true],
    ['/a/', 'a', true],
    ['//a//b', 'a/b', false],
    ['/a%20b', 'a b', false],
    ['/%C3%A9', 'é', false],
    ['/a?x=%2f..%2f', 'a', false],
    ['/a;b=c/@d', 'a;b=c/@d', false],
  ])('%s', (target, name, isFolder) => {
    expect(fileNameOf(environOf(`GET ${target}`), '')).toEqual({ name, isFolder });
  });

  test.each([
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a%00',
    '/../a',
    '/a/..',
    '/a/./b',
    '/.',
    '/..',
    '/a\\b',
    '/%2e%2e/a',
    '/%2e/a',
    '/%ff',
    '/%e0%80%af',
  ])('%s is no name of a file', (target) => {
    expect(fileNameOf(environOf(`GET ${target}`), '')).toEqual({ status: 400 });
  });

  test.each([
    ['/static/a.txt', { name: 'a.txt', isFolder: false }],
    ['/static/a%20b', { name: 'a b', isFolder: false }],
    ['/static/', { name: '', isFolder: true }],
    ['/static', { name: '', isFolder: false }],
    ['/statica.txt', { status: 404 }],
    ['/other/a.txt', { status: 404 }],
    ['/static/.env', { name: '.env', isFolder: false }],
  ])('%s below /static', (target, expected) => {
    expect(fileNameOf(environOf(`GET ${target}`), '/static')).toEqual(expected);
  });

  test('without RAW_URI the path is what there is', () => {
    const { RAW_URI: _, ...environ } = environOf('GET /a/b');
    expect(fileNameOf(environ as ReturnType<typeof environOf>, '')).toEqual({ name: 'a/b', isFolder: false });
  });

  test('what is longer than any file system has it is not looked for', () => {
    expect(fileNameOf(environOf(`GET /${'a'.repeat(4096)}`), '')).toEqual({ status: 404 });
  });
});

test.each([
  ['a.txt', false],
  ['.env', true],
  ['a/.git/config', true],
  ['a/..b', true],
  ['.well-known/x', false],
  ['.well-known/.x', true],
  ['a./b', false],
])('%s has a part that begins with a dot: %s', (name, expected) => {
  expect(hasDotfile(name)).toBe(expected);
});

describe('known paths', () => {
  const wanted = { name: 'a/b', isFolder: false };

  test('are found again, whatever the query', () => {
    const paths = new KnownPaths();
    expect(paths.get(environOf('GET /a/b'))).toBeUndefined();
    paths.add(environOf('GET /a/b'), wanted);
    expect(paths.get(environOf('GET /a/b?c'))).toEqual(wanted);
  });

  test('are not those that are written with encoded characters, which may be refused ones', () => {
    const paths = new KnownPaths();
    paths.add(environOf('GET /a%2fb'), wanted);
    expect(paths.get(environOf('GET /a/b'))).toBeUndefined();
    paths.add(environOf('GET /a/b'), wanted);
    expect(paths.get(environOf('GET /a%2fb'))).toBeUndefined();
  });

  test('are only so many, and none that is long', () => {
    const paths = new KnownPaths();
    for (let i = 0; i <= 1000; i++) paths.add(environOf(`GET /${i}`), wanted);
    expect(paths.get(environOf('GET /0'))).toBeUndefined();
    expect(paths.get(environOf('GET /1000'))).toEqual(wanted);
    const long = environOf(`GET /${'x'.repeat(200)}`);
    paths.add(long, wanted);
    expect(paths.get(long)).toBeUndefined();
  });
});
