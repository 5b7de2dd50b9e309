import type { HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { prepareHead } from '../src/prepared-head.ts';

const list = (...pairs: [string, string][]): HeaderList => pairs;
const frozen = (...pairs: [string, string][]): HeaderList =>
  Object.freeze(pairs.map((pair) => Object.freeze(pair))) as unknown as HeaderList;

describe('a head', () => {
  test('with the same status and strings is prepared once', () => {
    const first = prepareHead('200 OK', list(['Content-Type', 'text/plain'], ['X-Once', 'a']));
    expect(prepareHead('200 OK', list(['Content-Type', 'text/plain'], ['X-Once', 'a']))).toBe(first);
    expect(first.text).toBe('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Once: a\r\n');
  });

  test.each<[string, string, HeaderList]>([
    ['status', '201 Created', list(['X-Diff', 'ab'])],
    ['reason', '200 Ok', list(['X-Diff', 'ab'])],
    ['name', '200 OK', list(['X-diff', 'ab'])],
    ['value', '200 OK', list(['X-Diff', 'bb'])],
    ['number of fields', '200 OK', list(['X-Diff', 'ab'], ['X', 'y'])],
  ])('with another %s is another', (_, status, headers) => {
    const first = prepareHead('200 OK', list(['X-Diff', 'ab']));
    const second = prepareHead(status, headers);
    expect(second).not.toBe(first);
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    expect(second.text).toBe(`HTTP/1.1 ${status}\r\n${lines}`);
  });

  test('that differs from the last of its kind in some values has these, and what they mean', () => {
    const answer = (id: string, length: string): HeaderList =>
      list(['X-Kind', 'same'], ['X-Id', id], ['Content-Length', length]);
    const heads = [answer('1', '5'), answer('2', '5'), answer('2', '6'), answer('1', '5')].map((headers) =>
      prepareHead('200 OK', headers),
    );
    const text = (id: string, length: string): string =>
      `HTTP/1.1 200 OK\r\nX-Kind: same\r\nX-Id: ${id}\r\nContent-Length: ${length}\r\n`;
    expect(heads.map((head) => head.text)).toEqual([text('1', '5'), text('2', '5'), text('2', '6'), text('1', '5')]); // prettier-ignore
    expect(heads.map((head) => head.facts.contentLength)).toEqual([5, 5, 6, 5]);
  });

  test('of which one value differs each time has this one and the others, whichever it is', () => {
    const values: [string, string, string][] = [
      ['a', '1', 'x'], ['a', '2', 'x'], ['a', '3', 'x'], ['b', '3', 'x'], ['c', '3', 'x'], ['c', '4', 'y'],
      ['c', '5', 'y'], ['c', '5', 'y'], ['c', '5', 'zz'], ['d', '5', 'zz'], ['d', '6', 'zz'], ['d', '77', 'zz'],
    ]; // prettier-ignore
    for (const [first, second, third] of values) {
      const { text } = prepareHead('200 OK', list(['X-A', first], ['X-B', second], ['X-C', third]));
      expect(text).toBe(`HTTP/1.1 200 OK\r\nX-A: ${first}\r\nX-B: ${second}\r\nX-C: ${third}\r\n`);
    }
  });

  test('of the last kind is malformed, and refused like any other', () => {
    for (const bad of [[['X-Kept', 1]], ['X-Kept'], [null], [['X-Kept', 'v'], undefined]]) {
      prepareHead('200 OK', list(['X-Kept', 'v']));
      expect(() => prepareHead('200 OK', bad as unknown as HeaderList)).toThrow(/is no pair/);
    }
  });

  test.each<[string, HeaderList]>([
    ['cannot be sent', list(['X-Good', 'new'], ['X-Bad', 'y\r\nZ: z'], ['Content-Length', '1'])],
    ['is no length', list(['X-Good', 'new'], ['X-Bad', 'fine'], ['Content-Length', 'none'])],
  ])('of which one value %s leaves nothing behind', (_, bad) => {
    prepareHead('200 OK', list(['X-Good', 'old'], ['X-Bad', 'old'], ['Content-Length', '1']));
    expect(() => prepareHead('200 OK', bad)).toThrow(/cannot be sent|number of bytes/);
    const good = list(['X-Good', 'new'], ['X-Bad', 'old'], ['Content-Length', '1']);
    expect(prepareHead('200 OK', good).text).toContain('X-Good: new\r\nX-Bad: old\r\nContent-Length: 1');
  });

  test('is not changed by what the application does with its list afterwards', () => {
    const headers = list(['X-Mine', 'before']);
    prepareHead('200 OK', headers);
    headers[0]![1] = 'after!';
    expect(prepareHead('200 OK', headers).text).toContain('X-Mine: after!');
    expect(prepareHead('200 OK', list(['X-Mine', 'before'])).text).toContain('X-Mine: before');
  });

  test('of a deeply frozen list is found by the list, also among very many', () => {
    const lists = Array.from({ length: 1000 }, (_, i) => frozen(['ETag', `"${i}"`]));
    const heads = lists.map((headers) => prepareHead('200 OK', headers));
    expect(lists.every((headers, i) => prepareHead('200 OK', headers) === heads[i])).toBe(true);
    expect(prepareHead('404 Not Found', lists[0]!).text).toMatch(/^HTTP\/1\.1 404 Not Found/);
  });

  test('of a deeply frozen list is found by the list, though others of its kind are compared', () => {
    prepareHead('200 OK', list(['X-Same-Kind', 'a']));
    const headers = frozen(['X-Same-Kind', 'b']);
    const head = prepareHead('200 OK', headers);
    prepareHead('200 OK', list(['X-Same-Kind', 'c']));
    expect(prepareHead('200 OK', headers)).toBe(head);
  });

  test('of a list that is frozen, but not its pairs, is compared', () => {
    const headers = Object.freeze([['X-Half', 'one']]) as unknown as HeaderList;
    prepareHead('200 OK', headers);
    headers[0]![1] = 'two';
    expect(prepareHead('200 OK', headers).text).toContain('X-Half: two');
  });

  test.each<[string, unknown, RegExp]>([
    ['a list that is none', 'X: y', /array of pairs/],
    ['a pair that is none', [['X', 'y'], 'X: y'], /header 1 is no pair/],
    ['a value that is no string', [['X', 1]], /header 0 is no pair/],
    ['a value that would split the head', [['X', 'y\r\nZ: z']], /cannot be sent/],
  ])('with %s is refused, each time', (_, headers, error) => {
    for (let i = 0; i < 2; i++) expect(() => prepareHead('200 OK', headers as HeaderList)).toThrow(error);
  });

  test('of 204 loses its Content-Length', () => {
    expect(prepareHead('204 No Content', list(['Content-Length', '0'])).text).toBe(
      'HTTP/1.1 204 No Content\r\n',
    );
  });
});
