import { describe, expect, test } from 'vitest';
import { HttpParserError, ResponseParser } from '../src/index.ts';

/** Parses responses to these methods and tells what happened, one line an event. */
function parse(pieces: readonly Uint8Array[], methods: readonly string[], options = {}): string[] {
  const events: string[] = [];
  const parser = new ResponseParser(
    {
      onInformational: ({ status, fields }) =>
        events.push(`informational ${status} ${fields.join('=')}`.trim()),
      onHead({ status, reason, minorVersion, contentLength, chunked, keepAlive, untilClose, upgrade }) {
        const flags = [
          contentLength >= 0 && `length=${contentLength}`,
          chunked && 'chunked',
          !keepAlive && 'close',
        ];
        const more = [untilClose && 'until-close', upgrade !== undefined && `upgrade=${upgrade}`];
        events.push([`${status} '${reason}' 1.${minorVersion}`, ...flags, ...more].filter(Boolean).join(' '));
      },
      onBody(chunk) {
        const text = Buffer.from(chunk).toString('latin1');
        if (events.at(-1)?.startsWith('body ')) events[events.length - 1] += text;
        else events.push(`body ${text}`);
      },
      onEnd: (trailers) => void events.push(`end ${trailers.join('=')}`.trim()),
    },
    options,
  );
  for (const method of methods) parser.expect(method);
  try {
    for (const piece of pieces) parser.push(piece);
    if (parser.paused) events.push(`rest ${Buffer.from(parser.release()).toString('latin1')}`.trim());
    else parser.finish();
  } catch (error) {
    if (!(error instanceof HttpParserError)) throw error;
    return [error.code];
  }
  return events;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const good: readonly [name: string, bytes: string, methods: string[], ...events: string[]][] = [
  ['a length', `${OK}Content-Length: 2\r\n\r\nhi`, ['GET'], "200 'OK' 1.1 length=2", 'body hi', 'end'],
  [
    'no length: until the connection ends',
    `${OK}\r\nhi`,
    ['GET'],
    "200 'OK' 1.1 close until-close",
    'body hi',
    'end',
  ],
  [
    'chunks and trailers',
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: 1\r\n\r\n`,
    ['GET'],
    "200 'OK' 1.1 chunked",
    'body hi',
    'end X=1',
  ],
  [
    'HEAD has no body whatever its length',
    `${OK}Content-Length: 9\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    ['HEAD', 'GET'],
    "200 'OK' 1.1 length=9",
    'end',
    "200 'OK' 1.1 length=0",
    'end',
  ],
  [
    'HEAD with chunked has no body',
    `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    ['HEAD'],
    "200 'OK' 1.1 chunked",
    'end',
  ],
  ['204 has no body', 'HTTP/1.1 204 No Content\r\n\r\n', ['GET'], "204 'No Content' 1.1", 'end'],
  [
    '304 has no body',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ['GET'],
    "304 'Not Modified' 1.1 length=9",
    'end',
  ],
  [
    '103 comes before',
    `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    ['GET'],
    'informational 103 Link=a',
    "200 'OK' 1.1 length=0",
    'end',
  ],
  [
    '101 hands over',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ws\r\n\r\n\x81\x00',
    ['GET'],
    "101 'Switching Protocols' 1.1 upgrade=ws",
    'end',
    'rest \x81\x00',
  ],
  ['CONNECT hands over', 'HTTP/1.1 200 Fine\r\n\r\nraw', ['CONNECT'], "200 'Fine' 1.1", 'end', 'rest raw'],
  [
    'CONNECT refused has a body',
    'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno',
    ['CONNECT'],
    "403 'No' 1.1 length=2",
    'body no',
    'end',
  ],
  ['an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', ['GET'], "200 '' 1.1 length=0", 'end'],
  ['no reason, no space', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', ['GET'], "200 '' 1.1 length=0", 'end'],
  [
    'a reason in latin-1',
    'HTTP/1.1 200 \xdcber\tall\r\nContent-Length: 0\r\n\r\n',
    ['GET'],
    "200 '\xdcber\tall' 1.1 length=0",
    'end',
  ],
  [
    'HTTP/1.0 closes',
    'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    ['GET'],
    "200 'OK' 1.0 length=0 close",
    'end',
  ],
  [
    'two in a row',
    `${OK}Content-Length: 0\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
    ['GET', 'POST'],
    "200 'OK' 1.1 length=0",
    'end',
    "200 'OK' 1.1 length=1",
    'body x',
    'end',
  ],
  [
    'what follows close is ignored',
    `${OK}Connection: close\r\nContent-Length: 0\r\n\r\nHTTP/1.1 666`,
    ['GET'],
    "200 'OK' 1.1 length=0 close",
    'end',
  ],
  [
    'repeated fields other than lengths are the sender’s affair',
    `${OK}Content-Type: a\r\nContent-Type: b\r\nContent-Length: 0\r\n\r\n`,
    ['GET'],
    "200 'OK' 1.1 length=0",
    'end',
  ],
];

const bad: readonly [name: string, bytes: string, code: string][] = [
  ['two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'BAD_STATUS'],
  ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'BAD_STATUS'],
  ['a status of 099', 'HTTP/1.1 099 X\r\n\r\n', 'BAD_STATUS'],
  ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'BAD_STATUS'],
  ['a sign', 'HTTP/1.1 +20 OK\r\n\r\n', 'BAD_STATUS'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', 'VERSION_NOT_SUPPORTED'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'BAD_VERSION'],
  [
    'a length and chunks',
    `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'AMBIGUOUS_FRAMING',
  ],
  ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 'REPEATED_FIELD'],
  ['gzip, chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'TRANSFER_CODING_NOT_IMPLEMENTED'],
  ['LF alone', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', 'BARE_LF'],
  ['an end inside a body', `${OK}Content-Length: 5\r\n\r\nhell`, 'INCOMPLETE_BODY'],
  ['an end inside chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, 'INCOMPLETE_BODY'],
  ['an end inside the head', 'HTTP/1.1 200 OK\r\nX: ', 'INCOMPLETE_HEAD'],
  ['a second response to one request', `${OK}Content-Length: 0\r\n\r\n${OK}\r\n`, 'UNEXPECTED_RESPONSE'],
  ['33 informational ones', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(33), 'UNEXPECTED_RESPONSE'],
];

function everySplit(bytes: string, methods: readonly string[], expected: readonly string[]): void {
  const whole = Buffer.from(bytes, 'latin1');
  for (let at = 0; at < whole.length; at++) {
    expect(parse([whole.subarray(0, at), whole.subarray(at)], methods), `split at ${at}`).toEqual(expected);
  }
  expect(
    parse(
      Array.from(whole, (byte) => Uint8Array.of(byte)),
      methods,
    ),
    'byte by byte',
  ).toEqual(expected);
}

describe('responses in order', () => {
  test.each(good)('%s', (_, bytes, methods, ...events) => everySplit(bytes, methods, events));
});

describe('responses that are refused', () => {
  test.each(bad)('%s', (_, bytes, code) => everySplit(bytes, ['GET'], [code]));
});
