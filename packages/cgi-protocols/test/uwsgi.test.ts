import { describe, expect, test } from 'vitest';
import { encodeUwsgiRequest, type RequestLimits, UwsgiRequestParser } from '../src/index.ts';
import { fuzz, hex, parseEveryWay, piece } from './support.ts';

const variables = ['REQUEST_METHOD', 'POST', 'CONTENT_LENGTH', '5', 'PATH_INFO', '/caf\xc3\xa9', 'EMPTY', ''];

function parse(bytes: Uint8Array, limits?: RequestLimits): string[] {
  return parseEveryWay(
    bytes,
    (told) =>
      new UwsgiRequestParser(
        {
          onVariables: (list, length) => void told.push(`${list.join('|')} ${length}`),
          onBody: (chunk) => void told.push(piece('body', chunk)),
          onEnd: () => void told.push('end'),
        },
        limits,
      ),
  );
}

const packet = (block: string, modifier1 = 0): Buffer =>
  Buffer.concat([
    Buffer.from([modifier1, block.length & 0xff, block.length >> 8, 0]),
    Buffer.from(block, 'latin1'),
  ]);

describe('encodeUwsgiRequest', () => {
  test('writes the packet as the protocol’s own documents have it', () => {
    expect(encodeUwsgiRequest(['A', 'bc'], { modifier1: 5, modifier2: 1 }).toString('hex')).toBe(
      hex('05070001', '010041', '02006263'),
    );
  });

  test.each([
    ['a name without a value', ['A'], 'BAD_VARIABLE'],
    ['an empty name', ['', 'x'], 'BAD_VARIABLE'],
    ['NUL', ['A', '\0'], 'BAD_VARIABLE'],
    ['a character that is no byte', ['A', '€'], 'BAD_VARIABLE'],
    ['more than the length can say', ['A', 'x'.repeat(65_532)], 'TOO_LARGE'],
  ])('refuses %s', (_, list, code) => {
    expect(() => encodeUwsgiRequest(list)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('takes as much as the length can say', () => {
    expect(encodeUwsgiRequest(['A', 'x'.repeat(65_530)])).toHaveLength(65_539);
  });
});

describe('UwsgiRequestParser', () => {
  test('reads what encodeUwsgiRequest writes, however it is cut', () => {
    const bytes = Buffer.concat([encodeUwsgiRequest(variables), Buffer.from('hello')]);
    expect(parse(bytes)).toEqual([`${variables.join('|')} 5`, 'body <hello>', 'end']);
  });

  test('a request without a body is whole at once', () => {
    expect(parse(encodeUwsgiRequest(['CONTENT_LENGTH', '']))).toEqual(['CONTENT_LENGTH| 0', 'end']);
  });

  test.each([
    ['a packet for something else', packet('', 1), ['! NOT_SERVED']],
    ['a name beyond the packet', packet('\x05\0abc'), ['! BAD_VARIABLES']],
    ['half a length', packet('\x01'), ['! BAD_VARIABLES']],
    ['a name without a value', packet('\x01\0a'), ['! BAD_VARIABLES']],
    ['no name', packet('\0\0\x01\0a'), ['! BAD_VARIABLES']],
    ['a length that is none', encodeUwsgiRequest(['CONTENT_LENGTH', '-1']), ['! BAD_CONTENT_LENGTH']],
    ['a length in hexadecimals', encodeUwsgiRequest(['CONTENT_LENGTH', '0x1']), ['! BAD_CONTENT_LENGTH']],
    ['two lengths', encodeUwsgiRequest(['CONTENT_LENGTH', '1', 'CONTENT_LENGTH', '2']), ['! REPEATED_FIELD']],
    ['the end of the connection in the head', packet('\x01\0a').subarray(0, 3), ['! INCOMPLETE']],
  ])('refuses %s', (_, bytes, told) => {
    expect(parse(bytes)).toEqual(told);
  });

  test('says so when HTTP comes to a port for uwsgi', () => {
    const quiet = { onVariables: () => undefined, onBody: () => undefined, onEnd: () => undefined };
    const parser = new UwsgiRequestParser(quiet);
    expect(() => parser.push(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow('HTTP, where uwsgi is spoken');
  });

  test('refuses the end of the connection in the body', () => {
    const bytes = Buffer.concat([encodeUwsgiRequest(['CONTENT_LENGTH', '5']), Buffer.from('hel')]);
    expect(parse(bytes).slice(1)).toEqual(['body <hel>', '! INCOMPLETE']);
  });

  test('refuses what comes behind the body', () => {
    const bytes = Buffer.concat([encodeUwsgiRequest(['CONTENT_LENGTH', '1']), Buffer.from('ab')]);
    expect(parse(bytes).slice(1)).toEqual(['body <a>', 'end', '! BAD_REQUEST']);
  });

  test.each([
    [{ maxVariablesBytes: 50 }, '! VARIABLES_TOO_LARGE'],
    [{ maxVariables: 3 }, '! TOO_MANY_VARIABLES'],
    [{ maxBodyBytes: 4 }, '! BODY_TOO_LARGE'],
  ])('keeps to %j', (limits, fault) => {
    expect(parse(encodeUwsgiRequest(variables), limits)).toEqual([fault]);
  });

  test('survives damage', () => {
    const quiet = { onVariables: () => undefined, onBody: () => undefined, onEnd: () => undefined };
    fuzz(
      Buffer.concat([encodeUwsgiRequest(variables), Buffer.from('hello')]),
      () => new UwsgiRequestParser(quiet),
    );
  });
});
