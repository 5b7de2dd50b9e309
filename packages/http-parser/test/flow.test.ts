import { describe, expect, test } from 'vitest';
import { LocalProtocolError, RequestParser } from '../src/index.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A parser that pauses after each message, and counts. */
function pausing(): { parser: RequestParser; targets: string[] } {
  const targets: string[] = [];
  const parser = new RequestParser({
    onHead: ({ target }) => void targets.push(target),
    onBody: () => undefined,
    onEnd: () => parser.pause(),
  });
  return { parser, targets };
}

describe('pause and resume', () => {
  test('parse one pipelined request at a time', () => {
    const { parser, targets } = pausing();
    parser.push(bytes(GET.replace('/', '/1') + GET.replace('/', '/2') + GET.replace('/', '/3')));
    expect(targets).toEqual(['/1']);
    parser.resume();
    expect(targets).toEqual(['/1', '/2']);
    parser.resume();
    parser.resume();
    expect(targets).toEqual(['/1', '/2', '/3']);
    expect(parser.buffered).toBe(0);
  });

  test('keep what comes in a pause, in order', () => {
    const { parser, targets } = pausing();
    parser.push(bytes(GET.replace('/', '/1') + 'GET /2 HT'));
    parser.push(bytes('TP/1.1\r\nHost: a\r\n\r\n'));
    expect(parser.buffered).toBe('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n'.length);
    parser.resume();
    expect(targets).toEqual(['/1', '/2']);
  });

  test('what is kept does not change when the caller uses its memory again', () => {
    const { parser, targets } = pausing();
    const memory = bytes(GET.replace('/', '/1') + GET.replace('/', '/2'));
    parser.push(memory);
    memory.fill(0);
    parser.resume();
    expect(targets).toEqual(['/1', '/2']);
  });

  test('an incomplete head is kept the same way', () => {
    const { parser, targets } = pausing();
    const memory = bytes('GET /1 HTTP/1.1\r\nHo');
    parser.push(memory);
    memory.fill(0);
    parser.push(bytes('st: a\r\n\r\n'));
    expect(targets).toEqual(['/1']);
  });

  test('a resume within a callback goes on at once', () => {
    const targets: string[] = [];
    const parser = new RequestParser({
      onHead: ({ target }) => void targets.push(target),
      onBody: () => undefined,
      onEnd: () => {
        parser.pause();
        parser.resume();
      },
    });
    parser.push(bytes(GET + GET));
    expect(targets).toHaveLength(2);
  });

  test('a thousand pipelined requests, each in a pause of its own, take linear time', () => {
    const { parser, targets } = pausing();
    parser.push(bytes(GET.repeat(1000)));
    while (targets.length < 1000) parser.resume();
    expect(targets).toHaveLength(1000);
  });
});

test('idle: before a request, between two, but not within one', () => {
  const { parser } = pausing();
  expect(parser.idle).toBe(true);
  parser.push(bytes('\r\n'));
  expect(parser.idle).toBe(true);
  parser.push(bytes('G'));
  expect(parser.idle).toBe(false);
  parser.push(bytes(GET.slice(1)));
  expect(parser.idle).toBe(true);
});

test('a head that comes byte by byte is copied a linear number of times', () => {
  const { parser, targets } = pausing();
  const head = bytes(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(8000)}\r\n\r\n`);
  for (const byte of head) parser.push(Uint8Array.of(byte));
  expect(targets).toEqual(['/']);
});

test('bodies are handed on as views, not copies', () => {
  const chunks: Uint8Array[] = [];
  const parser = new RequestParser({
    onHead: () => undefined,
    onBody: (chunk) => void chunks.push(chunk),
    onEnd: () => undefined,
  });
  const piece = bytes('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  parser.push(piece);
  expect(chunks[0]?.buffer).toBe(piece.buffer);
});

test('a parser that has thrown takes no more', () => {
  const { parser } = pausing();
  expect(() => parser.push(bytes('nonsense\r\n'))).toThrow('METHOD TARGET');
  expect(() => parser.push(bytes(GET))).toThrow(LocalProtocolError);
});

test('an error of the handler ends the parser as well', () => {
  const parser = new RequestParser({
    onHead: () => {
      throw new Error('mine');
    },
    onBody: () => undefined,
    onEnd: () => undefined,
  });
  expect(() => parser.push(bytes(GET))).toThrow('mine');
  expect(() => parser.push(bytes(GET))).toThrow(LocalProtocolError);
});

test('an option that is no number is refused', () => {
  const handler = { onHead: () => undefined, onBody: () => undefined, onEnd: () => undefined };
  expect(() => new RequestParser(handler, { maxFields: Number.NaN })).toThrow('maxFields must be 0 or more');
});
