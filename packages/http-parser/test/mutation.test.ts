import { expect, test } from 'vitest';
import { HttpParserError, RequestParser, ResponseParser } from '../src/index.ts';
import { fuzz, FUZZ_MS, mutate, numbers, SEED } from './mutate.ts';
import { badRequests, goodRequests } from './vectors/requests.ts';

const ROUNDS = 25_000;

const corpus = [...goodRequests, ...badRequests]
  .map(({ bytes }) => Buffer.from(bytes, 'latin1'))
  .filter(({ length }) => length < 2000);

const HANDLER = { onInformational: () => undefined, onHead: () => undefined, onBody: () => undefined };

const timeout = FUZZ_MS + 60_000;

test(
  `mutated requests are parsed or refused, the same way in one piece and in several (seed ${SEED})`,
  { timeout },
  () => {
    const next = numbers(SEED);
    const hasRound = fuzz(ROUNDS);
    for (let round = 0; hasRound(round); round++) {
      const seed = corpus[next(corpus.length)] as Buffer;
      const bytes = mutate(seed, corpus[next(corpus.length)] as Buffer, next);
      const cut = next(bytes.length + 1);
      const context = `seed ${SEED}, round ${round}: ${JSON.stringify(bytes.toString('latin1'))}`;
      expect(outcome([bytes.subarray(0, cut), bytes.subarray(cut)]), context).toEqual(outcome([bytes]));
    }
  },
);

test(`mutated responses raise nothing but errors of the parser (seed ${SEED})`, { timeout }, () => {
  const next = numbers(SEED + 1);
  const responses = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nX: 1\r\n\r\n',
    'HTTP/1.0 404 Not Found\r\n\r\nbye',
  ].map((text) => Buffer.from(text));
  const hasRound = fuzz(ROUNDS);
  for (let round = 0; hasRound(round); round++) {
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
