import { describe, expect, test } from 'vitest';
import { HttpParserError, RemoteProtocolError, RequestParser } from '../src/index.ts';
import { badRequests, goodRequests, lenientRequests, type RequestVector } from './vectors/requests.ts';

/** Parses pieces and tells what happened, one line an event; pieces of a body are joined. */
function parse(pieces: readonly Uint8Array[], options: object = {}): string[] {
  const events: string[] = [];
  const parser = new RequestParser(
    {
      onHead({
        method,
        target,
        minorVersion,
        fields,
        host,
        contentLength,
        chunked,
        keepAlive,
        upgrade,
        expectContinue,
      }) {
        const pairs = Array.from(
          { length: fields.length / 2 },
          (_, i) => `${fields[2 * i]}=${fields[2 * i + 1]}`,
        );
        const ownHost = pairs.find((pair) => /^host=/i.test(pair))?.slice(5);
        events.push(
          [
            `${method} ${target} 1.${minorVersion}`,
            pairs.join('|'),
            host !== ownHost && `host=${host}`,
            contentLength >= 0 && `length=${contentLength}`,
            chunked && 'chunked',
            !keepAlive && 'close',
            upgrade !== undefined && `upgrade=${upgrade}`,
            expectContinue && 'continue',
          ]
            .filter(Boolean)
            .join(' '),
        );
      },
      onBody(chunk) {
        const text = Buffer.from(chunk).toString('latin1');
        if (events.at(-1)?.startsWith('body ')) events[events.length - 1] += text;
        else events.push(`body ${text}`);
      },
      onEnd(trailers) {
        const pairs = Array.from(
          { length: trailers.length / 2 },
          (_, i) => `${trailers[2 * i]}=${trailers[2 * i + 1]}`,
        );
        events.push(`end ${pairs.join('|')}`.trim());
      },
    },
    options,
  );
  try {
    for (const piece of pieces) parser.push(piece);
    if (parser.paused) {
      const rest = Buffer.from(parser.release()).toString('latin1');
      if (rest !== '') events.push(`rest ${rest}`);
    } else {
      parser.finish();
    }
  } catch (error) {
    if (!(error instanceof HttpParserError)) throw error;
    return [error.code];
  }
  return events;
}

/** More than so many places to split at are thinned out, evenly. */
const MAX_SPLITS = 400;

function checkEverySplit({ bytes, events, error, options }: RequestVector): void {
  const expected = events ?? [error];
  const whole = Buffer.from(bytes, 'latin1');
  expect(parse([whole], options)).toEqual(expected);
  const step = Math.max(1, Math.floor(whole.length / MAX_SPLITS));
  for (let at = 1; at < whole.length; at += step) {
    expect(parse([whole.subarray(0, at), whole.subarray(at)], options), `split at ${at}`).toEqual(expected);
  }
  const byByte = Array.from(whole, (byte) => Uint8Array.of(byte));
  expect(parse(byByte, options), 'byte by byte').toEqual(expected);
}

const title = ({ item, name }: RequestVector): string => (item === undefined ? name : `${item}: ${name}`);

describe('requests in order, whole, at every split and byte by byte', () => {
  test.each(goodRequests.map((vector) => [title(vector), vector] as const))('%s', (_, vector) => {
    checkEverySplit(vector);
  });
});

describe('requests that are refused, whole, at every split and byte by byte', () => {
  test.each(badRequests.map((vector) => [title(vector), vector] as const))('%s', (_, vector) => {
    checkEverySplit(vector);
  });
});

describe('leniencies', () => {
  test.each(lenientRequests.map((vector) => [title(vector), vector] as const))('%s', (_, vector) => {
    checkEverySplit(vector);
  });
});

test.each([
  ['TARGET_TOO_LONG', 414],
  ['FIELD_TOO_LARGE', 431],
  ['BODY_TOO_LARGE', 413],
  ['VERSION_NOT_SUPPORTED', 505],
  ['METHOD_NOT_IMPLEMENTED', 501],
  ['TRANSFER_CODING_NOT_IMPLEMENTED', 501],
  ['BAD_EXPECTATION', 417],
  ['AMBIGUOUS_FRAMING', 400],
] as const)('%s is answered with %d', (code, status) => {
  expect(new RemoteProtocolError(code, '')).toMatchObject({ code, status, close: true });
});
