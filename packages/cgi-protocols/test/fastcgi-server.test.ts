import { describe, expect, test } from 'vitest';
import { discreteRecord, frameStream, recordHeader } from '../src/fastcgi-records.ts';
import {
  encodeAbort,
  encodeFastCgiEnd,
  encodeFastCgiRequest,
  endStdin,
  FastCgiRequestParser,
  FastCgiResponseParser,
  type FastCgiServerOptions,
  frameStderr,
  frameStdin,
  frameStdout,
} from '../src/index.ts';
import { fuzz, hex, parseEveryWay, piece } from './support.ts';

const start =
  (options?: FastCgiServerOptions) =>
  (told: string[]): FastCgiRequestParser =>
    new FastCgiRequestParser(
      {
        onRequest: (id, variables, keep) => void told.push(`request ${id} ${variables.join('|')} ${keep}`),
        onStdin: (id, chunk) => void told.push(piece(`stdin${id}`, chunk)),
        onStdinEnd: (id) => void told.push(`stdin ended ${id}`),
        onAbort: (id) => void told.push(`abort ${id}`),
        onReply: (bytes) => void told.push(`reply ${Buffer.from(bytes).toString('hex')}`),
      },
      options,
    );

const parse = (bytes: Uint8Array, options?: FastCgiServerOptions): string[] =>
  parseEveryWay(bytes, start(options));

const begin = (id: number, keepConnection = true, variables: string[] = ['A', 'b']): Buffer =>
  encodeFastCgiRequest(variables, { requestId: id, keepConnection });

describe('FastCgiRequestParser', () => {
  test('reads what a client writes, however it is cut', () => {
    const bytes = Buffer.concat([
      begin(1),
      ...frameStdin(1, Buffer.from('one ')),
      ...frameStdin(1, Buffer.from('body')),
      endStdin(1),
    ]);
    expect(parse(bytes)).toEqual(['request 1 A|b true', 'stdin1 <one body>', 'stdin ended 1']);
  });

  test('hears when the connection is to be closed', () => {
    expect(parse(Buffer.concat([begin(1, false), endStdin(1)]))[0]).toBe('request 1 A|b false');
  });

  test('tells requests apart by their ids', () => {
    const bytes = Buffer.concat([
      begin(1),
      begin(2),
      ...frameStdin(2, Buffer.from('b')),
      ...frameStdin(1, Buffer.from('a')),
      endStdin(2),
      endStdin(1),
    ]);
    expect(parse(bytes, { maxRequests: 2 })).toEqual([
      'request 1 A|b true',
      'request 2 A|b true',
      'stdin2 <b>',
      'stdin1 <a>',
      'stdin ended 2',
      'stdin ended 1',
    ]);
  });

  test.each([
    ['a second request, where one is allowed', 1, '01'],
    ['a third, where two are', 2, '02'],
  ])('refuses %s, and goes on', (_, maxRequests, status) => {
    const others = Array.from({ length: maxRequests }, (__, i) => begin(i + 2));
    const told = parse(Buffer.concat([begin(1), ...others, endStdin(maxRequests + 1)]), { maxRequests });
    const id = `000${maxRequests + 1}`;
    expect(told).toContain(hex(`reply 0103${id}00080000`, `00000000${status}000000`));
    expect(told).not.toContain(`stdin ended ${maxRequests + 1}`);
  });

  test('refuses roles that it does not play', () => {
    const bytes = encodeFastCgiRequest([], { requestId: 1, keepConnection: true, role: 2 });
    expect(parse(bytes)).toEqual([hex('reply 0103000100080000', '0000000003000000')]);
  });

  test('an id is free again when its answer has ended', () => {
    const told: string[] = [];
    const parser = start()(told);
    parser.push(Buffer.concat([begin(1), endStdin(1)]));
    expect(parser.idle).toBe(false);
    parser.ended(1);
    expect(parser.idle).toBe(true);
    parser.push(begin(1));
    expect(told.filter((line) => line.startsWith('request'))).toHaveLength(2);
  });

  test('hears that nobody waits any more', () => {
    const bytes = Buffer.concat([begin(1), encodeAbort(1), encodeAbort(9), endStdin(1)]);
    expect(parse(bytes)).toEqual(['request 1 A|b true', 'abort 1', 'stdin ended 1']);
  });

  test('answers what is asked about the connection', () => {
    const asked = Buffer.from('\x0d\0FCGI_MAX_REQS\x0f\0FCGI_MPXS_CONNS\x05\0OTHER', 'latin1');
    const [reply = ''] = parse(discreteRecord(9, 0, asked), { maxRequests: 4 });
    const pairs = Buffer.from('\r\x01FCGI_MAX_REQS4\x0f\x01FCGI_MPXS_CONNS1', 'latin1');
    expect(reply).toMatch(new RegExp(`^reply 010a0000.{8}${pairs.toString('hex')}`));
  });

  test('says which types it does not know', () => {
    expect(parse(discreteRecord(77, 0, Buffer.from('?')))).toEqual([
      hex('reply 010b000000080000', '4d00000000000000'),
    ]);
  });

  test.each([
    ['a beginning of the connection itself', discreteRecord(1, 0, Buffer.from('0001000000000000', 'hex')), 'BAD_RECORD'],
    ['half a beginning', discreteRecord(1, 1, Buffer.alloc(4)), 'BAD_RECORD'],
    ['a beginning of 5000 bytes', discreteRecord(1, 1, Buffer.alloc(5000)), 'BAD_RECORD'],
    ['the same id twice', Buffer.concat([begin(1), begin(1)]), 'UNEXPECTED_RECORD'],
    ['a body before the variables', Buffer.concat([begin(1).subarray(0, 16), ...frameStdin(1, Buffer.from('x'))]), 'UNEXPECTED_RECORD'],
    ['variables behind the body', Buffer.concat([begin(1), ...frameStream(4, 1, Buffer.from('x'))]), 'UNEXPECTED_RECORD'],
    ['a body behind its end', Buffer.concat([begin(1), endStdin(1), ...frameStdin(1, Buffer.from('x'))]), 'UNEXPECTED_RECORD'],
    ['variables that are none', Buffer.concat([begin(1).subarray(0, 16), ...frameStream(4, 1, Buffer.from('\x09\x09')), recordHeader(4, 1, 0, 0)]), 'BAD_VARIABLES'],
    ['the end of the connection in the body', begin(1), 'INCOMPLETE'],
    ['the end of the connection in a record', Buffer.from([1]), 'INCOMPLETE'],
  ])('refuses %s', (_, bytes, code) => {
    expect(parse(bytes).at(-1)).toBe(`! ${code}`);
  }); // prettier-ignore

  test.each<[FastCgiServerOptions, string]>([
    [{ maxVariablesBytes: 100 }, '! VARIABLES_TOO_LARGE'],
    [{ maxVariables: 1 }, '! TOO_MANY_VARIABLES'],
    [{ maxBodyBytes: 3 }, '! BODY_TOO_LARGE'],
  ])('keeps to %j', (limits, fault) => {
    const long = ['A', 'x'.repeat(limits.maxVariablesBytes ?? 1), 'B', ''];
    const bytes = Buffer.concat([begin(1, true, long), ...frameStdin(1, Buffer.from('body'))]);
    // How much of a body is passed on before it is too long depends on how it comes.
    const told: string[] = [];
    expect(() => start(limits)(told).push(bytes)).toThrow(
      expect.objectContaining({ code: fault.slice(2) }) as Error,
    );
  });

  test('survives damage', () => {
    const bytes = Buffer.concat([begin(1), ...frameStdin(1, Buffer.from('body')), endStdin(1)]);
    fuzz(bytes, () => start({ maxRequests: 2 })([]));
  });
});

test('an answer is read by a client as it was meant', () => {
  const told: string[] = [];
  const client = new FastCgiResponseParser();
  client.expect(5, {
    onStdout: (chunk) => void told.push(piece('stdout', chunk)),
    onStderr: (chunk) => void told.push(piece('stderr', chunk)),
    onEnd: ({ appStatus, protocolStatus }) => void told.push(`end ${appStatus} ${protocolStatus}`),
  });
  const parts = [...frameStderr(5, Buffer.from('oh')), ...frameStdout(5, Buffer.from('answer'))];
  client.push(Buffer.concat([...parts, encodeFastCgiEnd(5, { appStatus: 3, protocolStatus: 0 })]));
  expect(told).toEqual(['stderr <oh>', 'stdout <answer>', 'end 3 0']);
  expect(client.idle).toBe(true);
});
