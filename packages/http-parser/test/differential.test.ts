import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HttpParserError, RequestParser } from '../src/index.ts';
import { Llhttp, type Verdict } from './llhttp.ts';
import { fuzz, FUZZ_MS, mutate, numbers, SEED } from './mutate.ts';
import { badRequests, goodRequests } from './vectors/requests.ts';

const ROUNDS = 30_000;

/**
 * Where llhttp takes what we refuse, by the code of our refusal. Each is justified in
 * docs/differences-from-llhttp.md; another one fails this test.
 */
const WE_REFUSE: ReadonlySet<string> = new Set([
  'BAD_CHUNK_EXTENSION',
  'BAD_EXPECTATION',
  'BAD_HOST',
  'BAD_START_LINE',
  'BAD_TARGET',
  'BAD_TRANSFER_ENCODING',
  'BAD_VERSION',
  'BARE_CR',
  'BARE_LF',
  'FORBIDDEN_TRAILER',
  'MISSING_HOST',
  'REPEATED_FIELD',
  'TOO_MANY_FIELDS',
  'TRANSFER_CODING_NOT_IMPLEMENTED',
  'VERSION_NOT_SUPPORTED',
]);

/** Where we take what llhttp refuses, by the code of its refusal; likewise. */
const WE_ACCEPT: ReadonlySet<string> = new Set([
  'HPE_CLOSED_CONNECTION',
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_TRANSFER_ENCODING',
  'HPE_INVALID_VERSION',
  'HPE_STRICT',
]);

/** A CONNECT with a body, which llhttp takes for the tunnel's, however it is framed. */
const CONNECT_WITH_BODY = /^\s*CONNECT [^]*^(content-length|transfer-encoding)[\t ]*:/im;

/** The one such length: one that HTAB follows, which the llhttp of Node 22.18 refuses and later ones accept. */
const TAB_BEHIND_LENGTH = /^content-length:[\t ]*\d+ *\t[\t ]*\r$/im;

const corpus = [...goodRequests, ...badRequests]
  .filter(({ options }) => options === undefined)
  .map(({ bytes }) => Buffer.from(bytes, 'latin1'))
  .filter(({ length }) => length < 2000);

test(
  `differs from llhttp only where that is written down (seed ${SEED})`,
  { timeout: FUZZ_MS + 60_000 },
  async () => {
    const next = numbers(SEED);
    const llhttp = new Llhttp();
    const unexplained = new Map<string, string>();
    const hasRound = fuzz(ROUNDS);
    for (let round = 0; hasRound(round); round++) {
      const seed = corpus[round < corpus.length ? round : next(corpus.length)] as Buffer;
      const bytes = round < corpus.length ? seed : mutate(seed, corpus[next(corpus.length)] as Buffer, next);
      const ours = parse(bytes);
      // Only the first request is compared: what follows it would hide what llhttp made of it.
      const difference = compare(bytes, ours, await llhttp.parse(bytes.subarray(0, ours.length)));
      if (difference !== undefined) unexplained.set(difference, JSON.stringify(bytes.toString('latin1')));
    }
    expect(Object.fromEntries(unexplained)).toEqual({});
    expect(ROUNDS).toBeGreaterThan(corpus.length);
  },
);

/** The class of a disagreement that is not written down. */
function compare(bytes: Buffer, ours: Verdict, theirs: Verdict): string | undefined {
  if (ours.accepted === theirs.accepted) return undefined;
  if (CONNECT_WITH_BODY.test(bytes.toString('latin1'))) return undefined;
  if (ours.accepted === undefined) return WE_REFUSE.has(ours.code) ? undefined : `we refuse: ${ours.code}`;
  if (theirs.accepted === undefined) {
    const known =
      WE_ACCEPT.has(theirs.code) &&
      (theirs.code !== 'HPE_INVALID_CONTENT_LENGTH' || TAB_BEHIND_LENGTH.test(bytes.toString('latin1')));
    return known ? undefined : `we accept: ${theirs.code}`;
  }
  return `both accept, differently: ${ours.accepted} <> ${theirs.accepted}`;
}

/** What our parser makes of the first request in these bytes. */
function parse(bytes: Buffer): Verdict & { length: number } {
  let head = '';
  let body = '';
  let accepted: string | undefined;
  const parser = new RequestParser({
    onHead: ({ method, target, fields }) => (head = `${method} ${target} ${fields.join('|')} `),
    onBody: (chunk) => void (body += Buffer.from(chunk).toString('latin1')),
    onEnd: () => {
      accepted = head + body;
      parser.pause();
    },
  });
  try {
    parser.push(bytes);
    if (!parser.paused) parser.finish();
  } catch (error) {
    if (!(error instanceof HttpParserError)) throw error;
    return { accepted: undefined, code: error.code, length: bytes.length };
  }
  return { accepted, code: 'nothing', length: bytes.length - parser.buffered };
}

test('every class of difference is justified in the document', () => {
  const document = readFileSync(new URL('../docs/differences-from-llhttp.md', import.meta.url), 'utf8');
  for (const code of [...WE_REFUSE, ...WE_ACCEPT]) expect(document).toContain(`\`${code}\``);
});
