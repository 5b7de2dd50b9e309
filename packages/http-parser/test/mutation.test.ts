import { expect, test } from 'vitest';
import { HttpParserError, RequestParser, ResponseParser } from '../src/index.ts';
import { badRequests, goodRequests } from './vectors/requests.ts';

/** Milliseconds that each fuzz may take; longer by FUZZ_MS=60000. */
const BUDGET_MS = Number(process.env['FUZZ_MS'] ?? 1500);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const MAX_ROUNDS = 1_000_000;

/** A generator of numbers that can be repeated (mulberry32, Tommy Ettinger, public domain algorithm). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes that decide something. */
const SHARP = Buffer.from('\r\n\t :;,="\\/%#?*@[]0159aAfFxX-+_\0\x0b\x0c\x7f\x80\xa0\xff', 'latin1');

function mutate(seed: Uint8Array, other: Uint8Array, next: (below: number) => number): Buffer {
  const bytes = [...seed];
  for (let n = next(6); n >= 0; n--) {
    const at = next(bytes.length + 1);
    const kind = next(6);
    if (kind === 0) bytes.splice(at, next(8));
    else if (kind === 1) bytes.splice(at, 0, SHARP[next(SHARP.length)] as number);
    else if (kind === 2) bytes.splice(at, 1, next(256));
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(at, at + next(40)));
    else if (kind === 4) bytes.splice(at, bytes.length, ...other.subarray(next(other.length)));
    else bytes.splice(at, 2, 0x0d, 0x0a);
  }
  return Buffer.from(bytes.slice(0, 4000));
}

const corpus = [...goodRequests, ...badRequests]
  .map(({ bytes }) => Buffer.from(bytes, 'latin1'))
  .filter(({ length }) => length < 2000);

const HANDLER = { onInformational: () => undefined, onHead: () => undefined, onBody: () => undefined };

test(`mutated requests are parsed or refused, the same way in one piece and in several (seed ${SEED})`, () => {
  const next = numbers(SEED);
  const end = performance.now() + BUDGET_MS;
  let rounds = 0;
  for (; rounds < MAX_ROUNDS && performance.now() < end; rounds++) {
    const seed = corpus[next(corpus.length)] as Buffer;
    const bytes = mutate(seed, corpus[next(corpus.length)] as Buffer, next);
    const cut = next(bytes.length + 1);
    const context = `seed ${SEED}, round ${rounds}: ${JSON.stringify(bytes.toString('latin1'))}`;
    expect(outcome([bytes.subarray(0, cut), bytes.subarray(cut)]), context).toEqual(outcome([bytes]));
  }
  expect(rounds).toBeGreaterThan(100);
});

test(`mutated responses raise nothing but errors of the parser (seed ${SEED})`, () => {
  const next = numbers(SEED + 1);
  const responses = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nX: 1\r\n\r\n',
    'HTTP/1.0 404 Not Found\r\n\r\nbye',
  ].map((text) => Buffer.from(text));
  const end = performance.now() + BUDGET_MS / 2;
  for (let round = 0; round < MAX_ROUNDS && performance.now() < end; round++) {
    const bytes = mutate(responses[next(3)] as Buffer, corpus[next(corpus.length)] as Buffer, next);
    const parser = new ResponseParser({ ...HANDLER, onEnd: () => undefined });
    parser.expect('GET');
    try {
      parser.push(bytes);
      parser.finish();
    } catch (error) {
      if (!(error instanceof HttpParserError))
        throw new Error(`round ${round}: ${bytes.toString('latin1')}`, { cause: error });
    }
  }
});

/** What the parser makes of pieces: events in short, or the code of the error; never more kept than was sent. */
function outcome(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  let body = '';
  const parser = new RequestParser({
    onHead: ({ method, target, fields }) => void events.push(`${method} ${target} ${fields.join('|')}`),
    onBody: (chunk) => void (body += Buffer.from(chunk).toString('latin1')),
    onEnd: (trailers) => {
      events.push(`${body} ${trailers.join('|')}`);
      body = '';
    },
  });
  let sent = 0;
  try {
    for (const piece of pieces) {
      parser.push(piece);
      sent += piece.length;
      expect(parser.buffered).toBeLessThanOrEqual(sent);
    }
    if (!parser.paused) parser.finish();
  } catch (error) {
    if (!(error instanceof HttpParserError)) throw error;
    events.push(error.code);
  }
  return events;
}
