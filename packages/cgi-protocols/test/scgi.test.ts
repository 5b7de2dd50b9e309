import { describe, expect, test } from 'vitest';
import { encodeScgiRequest, type RequestLimits, ScgiRequestParser } from '../src/index.ts';
import { fuzz, parseEveryWay, piece } from './support.ts';

function parse(text: string | Buffer, limits?: RequestLimits): string[] {
  return parseEveryWay(
    Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'),
    (told) =>
      new ScgiRequestParser(
        {
          onVariables: (list, length) => void told.push(`${list.join('|')} ${length}`),
          onBody: (chunk) => void told.push(piece('body', chunk)),
          onEnd: () => void told.push('end'),
        },
        limits,
      ),
  );
}

const netstring = (block: string): string => `${block.length}:${block},`;
const head = (rest = ''): string => netstring(`CONTENT_LENGTH\x003\0SCGI\x001\0${rest}`);

describe('encodeScgiRequest', () => {
  test('writes the example of the specification', () => {
    const variables = ['REQUEST_METHOD', 'POST', 'REQUEST_URI', '/deepthought'];
    expect(encodeScgiRequest(variables, 27).toString('latin1')).toBe(
      '70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,',
    );
  });

  test('has one CONTENT_LENGTH and one SCGI, whatever stands among the variables', () => {
    const text = encodeScgiRequest(['SCGI', '2', 'CONTENT_LENGTH', '9', 'A', 'b'], 3).toString('latin1');
    expect(text).toBe(head('A\0b\0'));
  });

  test.each([
    [['A', 'b\0c'], 0, 'BAD_VARIABLE'],
    [['A'], 0, 'BAD_VARIABLE'],
    [[], -1, 'TOO_LARGE'],
    [[], 1.5, 'TOO_LARGE'],
  ])('refuses %j with a body of %d bytes', (variables, length, code) => {
    expect(() => encodeScgiRequest(variables, length)).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('ScgiRequestParser', () => {
  test('reads what encodeScgiRequest writes, however it is cut', () => {
    const bytes = Buffer.concat([
      encodeScgiRequest(['PATH_INFO', '/caf\xc3\xa9', 'EMPTY', ''], 5),
      Buffer.from('hello'),
    ]);
    expect(parse(bytes)).toEqual([
      'CONTENT_LENGTH|5|SCGI|1|PATH_INFO|/caf\xc3\xa9|EMPTY| 5',
      'body <hello>',
      'end',
    ]);
  });

  test.each([
    ['a length that is no number', 'x:', 'BAD_NETSTRING'],
    ['no length', ':', 'BAD_NETSTRING'],
    ['a leading zero', `0${head()}`, 'BAD_NETSTRING'],
    ['a sign', `+${head()}`, 'BAD_NETSTRING'],
    ['a netstring without its comma', head().replace(/,$/, ';'), 'BAD_NETSTRING'],
    ['an endless length', '1'.repeat(12), 'VARIABLES_TOO_LARGE'],
    ['a value without an end', netstring('CONTENT_LENGTH\x000'), 'BAD_VARIABLES'],
    ['a name without a value', netstring('CONTENT_LENGTH\x000\0SCGI\0'), 'BAD_VARIABLES'],
    ['no name', netstring('CONTENT_LENGTH\x000\0SCGI\x001\0\0x\0'), 'BAD_VARIABLES'],
    ['CONTENT_LENGTH in another place', netstring('SCGI\x001\0CONTENT_LENGTH\x000\0'), 'BAD_VARIABLES'],
    ['nothing at all', netstring(''), 'BAD_VARIABLES'],
    ['no SCGI', netstring('CONTENT_LENGTH\x000\0'), 'NOT_SERVED'],
    ['SCGI 2', netstring('CONTENT_LENGTH\x000\0SCGI\x002\0'), 'NOT_SERVED'],
    ['two lengths', head('CONTENT_LENGTH\x004\0'), 'REPEATED_FIELD'],
    ['a length that is none', netstring('CONTENT_LENGTH\x001e3\0SCGI\x001\0'), 'BAD_CONTENT_LENGTH'],
    ['the end of the connection in the head', head().slice(0, 9), 'INCOMPLETE'],
  ])('refuses %s', (_, text, code) => {
    expect(parse(text)).toEqual([`! ${code}`]);
  });

  test.each([
    ['behind the body', 'abcd', ['body <abc>', 'end', '! BAD_REQUEST']],
    ['within the body', 'ab', ['body <ab>', '! INCOMPLETE']],
  ])('refuses what is wrong %s', (_, body, told) => {
    expect(parse(head() + body).slice(1)).toEqual(told);
  });

  test.each([
    [{ maxVariablesBytes: 20 }, '! VARIABLES_TOO_LARGE'],
    [{ maxVariables: 1 }, '! TOO_MANY_VARIABLES'],
    [{ maxBodyBytes: 2 }, '! BODY_TOO_LARGE'],
  ])('keeps to %j', (limits, fault) => {
    expect(parse(head(), limits)).toEqual([fault]);
  });

  test('survives damage', () => {
    const quiet = { onVariables: () => undefined, onBody: () => undefined, onEnd: () => undefined };
    fuzz(Buffer.from(`${head('A\0b\0')}abc`), () => new ScgiRequestParser(quiet));
  });
});
