import { describe, expect, test } from 'vitest';
import { HttpParserError, type RequestHead, RequestParser, ResponseParser } from '../src/index.ts';
import { badRequests, goodRequests } from './vectors/requests.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a parser tells of these pieces: heads, bodies, ends, and the code of an error; `repeated` is left out. */
function tell(pieces: readonly Uint8Array[], options: object = {}): unknown[] {
  const events: unknown[] = [];
  const parser = new RequestParser(
    {
      onHead: (head) => void events.push({ ...head, fields: [...head.fields], repeated: undefined }),
      onBody: (chunk) => {
        const text = Buffer.from(chunk).toString('latin1');
        if (typeof events.at(-1) === 'string') events[events.length - 1] += text;
        else events.push(text);
      },
      onEnd: (trailers) => void events.push(['end', ...trailers]),
    },
    options,
  );
  try {
    for (const piece of pieces) parser.push(piece);
    if (parser.paused) events.push(`rest ${Buffer.from(parser.release()).toString('latin1')}`);
  } catch (error) {
    if (!(error instanceof HttpParserError)) throw error;
    events.push(error.code);
  }
  return events;
}

/** The heads that come of these messages, each pushed by itself. */
function heads(...messages: string[]): RequestHead[] {
  const told: RequestHead[] = [];
  const parser = new RequestParser({
    onHead: (head) => void told.push(head),
    onBody: () => undefined,
    onEnd: () => undefined,
  });
  for (const message of messages) parser.push(bytes(message));
  return told;
}

/** Bytes of which no two pieces are parsed as one: the parser meets every head in pieces, and remembers none. */
const byByte = (text: string): Buffer[] => Array.from(bytes(text), (byte) => Buffer.of(byte));

const FIELDS = 'Host: a\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n';

describe('a head that repeats the fields of the one before', () => {
  test('gets the same array of fields, and a start line of its own', () => {
    const [first, second, third] = heads(
      `GET /1 HTTP/1.1\r\n${FIELDS}`,
      `HEAD /2?q HTTP/1.1\r\n${FIELDS}`,
      `GET /3 HTTP/1.0\r\n${FIELDS}`,
    ) as [RequestHead, RequestHead, RequestHead];
    expect([first.repeated, second.repeated, third.repeated]).toEqual([false, true, true]);
    expect(second.fields).toBe(first.fields);
    expect(third.fields).toBe(first.fields);
    expect([second.method, second.target]).toEqual(['HEAD', '/2?q']);
    expect([second.keepAlive, third.keepAlive]).toEqual([true, false]);
  });

  test.each([
    ['in one byte', FIELDS.replace('test', 'tesT')],
    ['in its length', FIELDS.replace('test', 'tests')],
    ['in its order', 'User-Agent: test\r\nHost: a\r\nAccept: */*\r\n\r\n'],
    ['in a field more', `X: y\r\n${FIELDS}`],
  ])('and one that differs %s is read by itself', (_, fields) => {
    const [first, second] = heads(`GET / HTTP/1.1\r\n${FIELDS}`, `GET / HTTP/1.1\r\n${fields}`);
    expect(second?.repeated).toBe(false);
    expect(second?.fields).not.toEqual(first?.fields);
  });

  test('is read by itself when the parser was told to forget', () => {
    const told: boolean[] = [];
    const parser = new RequestParser({
      onHead: ({ repeated }) => void told.push(repeated),
      onBody: () => undefined,
      onEnd: () => parser.forget(),
    });
    for (let i = 0; i < 2; i++) parser.push(bytes(`GET / HTTP/1.1\r\n${FIELDS}`));
    expect(told).toEqual([false, false]);
  });

  test('keeps its meaning for the target’s authority, and for the version', () => {
    const absolute = heads(`GET / HTTP/1.1\r\n${FIELDS}`, `GET http://b/ HTTP/1.1\r\n${FIELDS}`);
    expect(absolute.map(({ host }) => host)).toEqual(['a', 'b']);
  });

  test('breaks the same limits', () => {
    const line = 'GET /long-enough HTTP/1.1\r\n';
    const options = { maxRequestLineBytes: 20 };
    expect(tell([bytes(`GET / HTTP/1.1\r\n${FIELDS}`), bytes(line + FIELDS)], options).at(-1)).toBe(
      'TARGET_TOO_LONG',
    );
    const head = { maxHeadBytes: `GET / HTTP/1.1\r\n${FIELDS}`.length };
    expect(tell([bytes(`GET / HTTP/1.1\r\n${FIELDS}`), bytes(line + FIELDS)], head).at(-1)).toBe(
      'HEAD_TOO_LARGE',
    );
  });

  test('is found again after a client that never repeated itself begins to', () => {
    const messages = Array.from({ length: 300 }, (_, i) => `GET / HTTP/1.1\r\nX: ${100 + i}\r\n${FIELDS}`);
    const again = Array.from({ length: 80 }, () => `GET / HTTP/1.1\r\n${FIELDS}`);
    const told = heads(...messages, ...again).map(({ repeated }) => repeated);
    expect(told.slice(0, 300)).not.toContain(true);
    expect(told.at(-1)).toBe(true);
  });

  test('does not keep a large section', () => {
    const large = `Host: a\r\nCookie: ${'x'.repeat(5000)}\r\n\r\n`;
    expect(heads(`GET / HTTP/1.1\r\n${large}`, `GET / HTTP/1.1\r\n${large}`)[1]?.repeated).toBe(false);
  });
});

describe('what is told of a request behind another with the same fields is what is told of it alone', () => {
  test.each(goodRequests.map((vector) => [vector.name, vector] as const))(
    '%s, twice, at every split',
    (_, { bytes: text, options }) => {
      const expected = tell(byByte(text + text), options);
      expect(tell([bytes(text + text)], options)).toEqual(expected);
      const step = Math.max(1, Math.floor(text.length / 200));
      for (let at = 1; at < text.length; at += step) {
        const pieces = [bytes(text), bytes(text.slice(0, at)), bytes(text.slice(at))];
        expect(tell(pieces, options), `split at ${at}`).toEqual(expected);
      }
    },
  );

  test.each(badRequests.map((vector) => [vector.name, vector] as const))(
    '%s, refused',
    (_, { bytes: text, options }) => {
      // The same fields below a start line that is right, so that they are remembered.
      const lineEnd = text.indexOf('\n') + 1;
      const before = `GET / HTTP/1.1\r\n${text.slice(lineEnd)}`;
      const wholeHeads = tell([bytes(before), bytes(text)], options);
      // How much of a body comes before its error depends on the pieces.
      const inPieces = tell(byByte(before + text), options);
      const isHeadOrLast = (event: unknown, i: number, all: unknown[]): boolean =>
        typeof event === 'object' || i === all.length - 1;
      expect(wholeHeads.filter(isHeadOrLast)).toEqual(inPieces.filter(isHeadOrLast));
    },
  );
});

test('a response that repeats the fields of the one before is framed by its own status and request', () => {
  const told: [number, readonly string[], string][] = [];
  const parser = new ResponseParser({
    onInformational: () => undefined,
    onHead: ({ status, fields }) => void told.push([status, fields, '']),
    onBody: (chunk) => void (told.at(-1)![2] += Buffer.from(chunk).toString('latin1')),
    onEnd: () => undefined,
  });
  const fields = 'Content-Length: 2\r\nETag: "1"\r\n\r\n';
  for (const method of ['GET', 'HEAD', 'GET', 'GET']) parser.expect(method);
  parser.push(bytes(`HTTP/1.1 200 OK\r\n${fields}ab`));
  parser.push(bytes(`HTTP/1.1 200 OK\r\n${fields}`));
  parser.push(bytes(`HTTP/1.1 404 Not Found\r\n${fields}cd`));
  parser.push(bytes(`HTTP/1.1 304 Not Modified\r\n${fields}`));
  expect(told.map(([status, , body]) => [status, body])).toEqual([[200, 'ab'], [200, ''], [404, 'cd'], [304, '']]); // prettier-ignore
  expect(new Set(told.map(([, each]) => each)).size).toBe(1);
});
