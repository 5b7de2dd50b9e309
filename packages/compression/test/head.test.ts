import type { HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { encodedHead, forbidsTransform, readHead, weakened, withVary } from '../src/head.ts';

describe('Vary', () => {
  test.each([
    [[], [['Vary', 'Accept-Encoding']]],
    [[['Vary', 'Origin']], [['Vary', 'Origin, Accept-Encoding']]],
    [[['vary', '']], [['vary', 'Accept-Encoding']]],
    [
      [
        ['Vary', 'Origin'],
        ['vary', 'Cookie'],
      ],
      [
        ['Vary', 'Origin'],
        ['vary', 'Cookie, Accept-Encoding'],
      ],
    ],
    // A name that only contains it is another one.
    [[['Vary', 'X-Accept-Encoding']], [['Vary', 'X-Accept-Encoding, Accept-Encoding']]],
  ] as [HeaderList, HeaderList][])('%j becomes %j', (before, after) => {
    expect(withVary(before)).toEqual(after);
  });

  test.each(['accept-encoding', 'Origin,ACCEPT-ENCODING', 'Accept-Encoding, Origin', '*'])(
    '%s says it already',
    (value) => {
      const headers: HeaderList = [['Vary', value], ['Vary', 'Origin']]; // prettier-ignore
      expect(withVary(headers)).toBe(headers);
    },
  );

  test('the list of the application is never changed: it may be one for all answers', () => {
    const headers: HeaderList = Object.freeze([
      Object.freeze(['Vary', 'Origin']),
      Object.freeze(['ETag', '"a"']),
    ]) as never;
    withVary(headers);
    encodedHead(headers, 'gzip', 3);
    expect(headers).toEqual([
      ['Vary', 'Origin'],
      ['ETag', '"a"'],
    ]);
  });
});

test('the head of what is encoded has another length, a weak tag and no ranges', () => {
  const headers: HeaderList = [
    ['Content-Length', '9000'],
    ['Accept-Ranges', 'bytes'],
    ['etag', '"abc"'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ];
  const rest: HeaderList = [['etag', 'W/"abc"'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['Content-Encoding', 'br']]; // prettier-ignore
  expect(encodedHead(headers, 'br', 70)).toEqual([
    ...rest,
    ['Content-Length', '70'],
    ['Vary', 'Accept-Encoding'],
  ]);
  expect(encodedHead(headers, 'br', -1)).toEqual([...rest, ['Vary', 'Accept-Encoding']]);
});

test('a weak tag stays as it is', () => {
  expect(weakened([['ETag', 'W/"a"']])).toEqual([['ETag', 'W/"a"']]);
});

test.each([
  ['no-transform', true],
  ['public, No-Transform', true],
  ['max-age=1,no-transform,public', true],
  ['no-transformation', false],
  ['x-no-transform', false],
  ['', false],
])('Cache-Control: %s forbids it: %s', (value, expected) => {
  expect(forbidsTransform(value)).toBe(expected);
});

test('reads a head', () => {
  expect(
    readHead('404 Not Found', [
      ['content-type', ' Text/HTML ;charset=utf-8'],
      ['CONTENT-LENGTH', '12'],
    ]),
  ).toEqual({
    code: 404,
    mediaType: 'text/html',
    contentLength: 12,
    untouchable: false,
    identityAsked: false,
  });
});

test.each(['Content-Encoding', 'Content-Range', 'Content-Digest', 'Repr-Digest', 'Digest', 'Content-MD5'])(
  'an answer with %s means these very bytes',
  (name) => {
    expect(readHead('200 OK', [[name, 'x']])?.untouchable).toBe(true);
  },
);

test.each([
  [200, []],
  ['200 OK', undefined],
  ['200 OK', [['a']]],
  ['200 OK', [null]],
  ['200 OK', [['a', 1]]],
])('what is no head is for the server to complain of: %j %j', (status, headers) => {
  expect(readHead(status as string, headers as HeaderList)).toBeUndefined();
});

test('a field that only sounds like it changes nothing', () => {
  const facts = readHead('200 OK', [['X-Note', 'no-transform'], ['Cache-Control', 'public'], ['X-Type', 'gzip']]); // prettier-ignore
  expect(facts).toMatchObject({ untouchable: false, identityAsked: false, mediaType: '' });
});
