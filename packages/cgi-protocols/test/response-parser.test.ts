import { describe, expect, test } from 'vitest';
import { type CgiResponseOptions, CgiResponseParser } from '../src/index.ts';
import { fuzz, parseEveryWay, piece } from './support.ts';

const start =
  (options: Partial<CgiResponseOptions> = {}) =>
  (told: string[]): CgiResponseParser =>
    new CgiResponseParser(
      {
        onHead: ({ status, fields }) => void told.push(`head ${status} ${fields.join('|')}`),
        onBody: (chunk) => void told.push(piece('body', chunk)),
        onEnd: () => void told.push('end'),
      },
      { method: 'GET', ...options },
    );

const parse = (text: string, options?: Partial<CgiResponseOptions>): string[] =>
  parseEveryWay(Buffer.from(text, 'latin1'), start(options));

describe('CgiResponseParser', () => {
  test.each(['\n\n', '\r\n\r\n', '\n\r\n'])('a head ends with %j; the body with the stream', (end) => {
    expect(parse(`Content-Type: a${end}body\n\nmore`)).toEqual([
      'head 200 Content-Type|a',
      'body <body\n\nmore>',
      'end',
    ]);
  });

  test('a body ends with its length; what comes behind is passed over', () => {
    expect(parse('Content-Length: 2\n\nhi there')).toEqual(['head 200 Content-Length|2', 'body <hi>', 'end']);
  });

  test('a body of no bytes ends at once', () => {
    const told: string[] = [];
    start()(told).push(Buffer.from('Content-Length: 0\n\n'));
    expect(told).toEqual(['head 200 Content-Length|0', 'end']);
  });

  test.each([
    ['HEAD', 'Content-Length: 9\n\nbody', 'head 200 Content-Length|9'],
    ['GET', 'Status: 304 Not Modified\nContent-Length: 9\n\nbody', 'head 304 Content-Length|9'],
    ['GET', 'Status: 204 No Content\n\nbody', 'head 204 '],
  ])('an answer to %s has no body: %j', (method, text, head) => {
    expect(parse(text, { method })).toEqual([head, 'end']);
  });

  test('a body that is cut off is not taken for whole', () => {
    expect(parse('Content-Length: 9\n\nhalf')).toEqual([
      'head 200 Content-Length|9',
      'body <half>',
      '! INCOMPLETE',
    ]);
  });

  test.each(['', 'Content-Type: a', 'Content-Type: a\n'])('no head: %j', (text) => {
    expect(parse(text)).toEqual(['! INCOMPLETE']);
  });

  test('a head of nothing is no CGI response', () => {
    expect(parse('\n\nbody')).toEqual(['! NO_CGI_FIELD']);
  });

  test('an endless head is not collected', () => {
    const parser = start({ maxHeadBytes: 100 })([]);
    expect(() => {
      for (let i = 0; i < 20; i++) parser.push(Buffer.from('X: 12345\n'));
    }).toThrow(expect.objectContaining({ code: 'HEAD_TOO_LARGE' }) as Error);
  });

  test('survives damage', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 4\r\n\r\nbody';
    fuzz(Buffer.from(text), () => start({ statusLine: true })([]));
  });
});
