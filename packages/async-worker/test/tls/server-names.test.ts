import { describe, expect, test } from 'vitest';
import { namesOf, ServerNames } from '../../src/tls/server-names.ts';

describe('the names of a certificate', () => {
  test('are the host names of subjectAltName', () => {
    expect(namesOf('DNS:example.org, DNS:*.example.org, IP Address:127.0.0.1, email:a@example.org')).toEqual([
      'example.org',
      '*.example.org',
    ]);
    expect(namesOf(undefined)).toEqual([]);
  });

  test('what Node puts in quotes is none of them', () => {
    const names = new ServerNames<string>();
    for (const name of namesOf('DNS:"a.example, DNS:b.example", DNS:c.example')) names.add(name, 'found');
    expect(['a.example', 'b.example', 'b.example"', 'c.example'].map((name) => names.find(name))).toEqual([
      undefined,
      undefined,
      undefined,
      'found',
    ]);
  });
});

describe('a name is found', () => {
  const names = new ServerNames<string>();
  names.add('Example.org', 'exact');
  names.add('*.example.org', 'wildcard');
  names.add('deep.a.example.org', 'deep');
  names.add('example.org', 'later');
  for (const none of ['*', '*.*.example.com', 'a*.example.com', '.example.com', 'exa mple.com', ''])
    names.add(none, 'none');

  test.each([
    ['example.org', 'exact'],
    ['EXAMPLE.ORG', 'exact'],
    ['a.example.org', 'wildcard'],
    ['deep.a.example.org', 'deep'],
    ['b.a.example.org', undefined],
    ['.example.org', undefined],
    ['org', undefined],
    ['', undefined],
    ['x.y.example.com', undefined],
    ['ab.example.com', undefined],
    ['__proto__', undefined],
  ])('%j: %j', (name, found) => {
    expect(names.find(name)).toBe(found);
  });
});
