import { expect, test } from 'vitest';
import { parseTargeted, responseControl } from '../src/targeted.ts';

test.each([
  ['max-age=60', { 'max-age': '60' }],
  ['max-age=60, private', { 'max-age': '60', private: undefined }],
  ['max-age=60;p=1;q, x=?1, y="text", z=:aGk=:', { 'max-age': '60', x: undefined, y: 'text', z: ':aGk=:' }],
  ['a=(1 "b";c d), max-age=1', { a: '(1 b;c d)', 'max-age': '1' }],
  ['private=?0, max-age=1', { 'max-age': '1' }],
])('reads %s', (field, wanted) => {
  expect(Object.fromEntries(parseTargeted(field) as Map<string, string>)).toEqual(wanted);
});

test.each([
  '',
  'max-age=60,',
  'max-age =60',
  'max-age= 60',
  'Max-Age=60',
  'max-age="60"',
  'max-age=1.5',
  'max-age',
  'a=&',
  '&&&',
])('ignores all of %j', (field) => {
  expect(parseTargeted(field)).toBeUndefined();
});

test('the first target that can be read decides, else Cache-Control', () => {
  const fields: [string, string][] = [
    ['Cache-Control', 'max-age=1'],
    ['CDN-Cache-Control', 'max-age=2'],
    ['Our-Cache-Control', 'max-age=&'],
  ];
  expect(responseControl(fields, ['our-cache-control', 'cdn-cache-control'])).toMatchObject({
    targeted: true,
  });
  expect(responseControl(fields, ['cdn-cache-control']).directives.get('max-age')).toBe('2');
  expect(responseControl(fields, ['our-cache-control'])).toMatchObject({ targeted: false });
});
