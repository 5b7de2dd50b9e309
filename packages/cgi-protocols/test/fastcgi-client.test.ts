import { describe, expect, test } from 'vitest';
import { discreteRecord, frameStream, recordHeader } from '../src/fastcgi-records.ts';
import {
  encodeAbort,
  encodeFastCgiRequest,
  endStdin,
  FastCgiResponseParser,
  frameStdin,
} from '../src/index.ts';
import { fuzz, hex, parseEveryWay, piece } from './support.ts';

const handler = (told: string[], id = ''): Parameters<FastCgiResponseParser['expect']>[1] => ({
  onStdout: (chunk) => void told.push(piece(`stdout${id}`, chunk)),
  onStderr: (chunk) => void told.push(piece(`stderr${id}`, chunk)),
  onEnd: ({ appStatus, protocolStatus }) => void told.push(`end${id} ${appStatus} ${protocolStatus}`),
});

const parser = (told: string[]): FastCgiResponseParser => {
  const responses = new FastCgiResponseParser();
  responses.expect(1, handler(told));
  return responses;
};

const stream = (type: number, id: number, text: string): Buffer =>
  Buffer.concat(frameStream(type, id, Buffer.from(text, 'latin1')));
const end = (id: number, hex = '0000000000000000'): Buffer => discreteRecord(3, id, Buffer.from(hex, 'hex'));

describe('encodeFastCgiRequest', () => {
  test('writes the beginning, the variables and their end', () => {
    const bytes = encodeFastCgiRequest(['A', 'b'], { requestId: 1, keepConnection: true });
    expect(bytes.toString('hex')).toBe(
      hex(
        '0101000100080000',
        '0001010000000000',
        '0104000100040400',
        '01014162',
        '00000000',
        '0104000100000000',
      ),
    );
  });

  test('says when the connection is to be closed', () => {
    const bytes = encodeFastCgiRequest([], { requestId: 1, keepConnection: false });
    expect(bytes.toString('hex')).toBe(hex('0101000100080000', '0001000000000000', '0104000100000000'));
  });

  test.each([0, -1, 65_536])('has no request %d', (requestId) => {
    expect(() => encodeFastCgiRequest([], { requestId, keepConnection: true })).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST_ID' }) as Error,
    );
  });

  test('its body, its end and its abort', () => {
    expect(Buffer.concat(frameStdin(1, Buffer.from('12345678'))).toString('hex')).toBe(
      hex('0105000100080000', '3132333435363738'),
    );
    expect(endStdin(1).toString('hex')).toBe('0105000100000000');
    expect(encodeAbort(1).toString('hex')).toBe('0102000100000000');
  });
});

describe('FastCgiResponseParser', () => {
  test('tells the two streams and the end, however they are cut', () => {
    const bytes = Buffer.concat([
      stream(7, 1, 'oh'),
      stream(6, 1, 'one '),
      stream(6, 1, 'answer'),
      recordHeader(6, 1, 0, 0),
      end(1, 'fffffffe00000000'),
    ]);
    expect(parseEveryWay(bytes, parser)).toEqual(['stderr <oh>', 'stdout <one answer>', 'end 4294967294 0']);
  });

  test('tells requests apart by their ids', () => {
    const told: string[] = [];
    const responses = new FastCgiResponseParser();
    responses.expect(1, handler(told, '1'));
    responses.expect(2, handler(told, '2'));
    expect(() => responses.expect(2, handler(told))).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST_ID' }) as Error,
    );
    responses.push(Buffer.concat([stream(6, 2, 'b'), stream(6, 1, 'a'), end(2), stream(6, 1, 'A')]));
    expect(responses.idle).toBe(false);
    responses.push(end(1, '0000000001000000'));
    expect(told).toEqual(['stdout2 <b>', 'stdout1 <a>', 'end2 0 0', 'stdout1 <A>', 'end1 0 1']);
    expect(responses.idle).toBe(true);
    responses.finish();
  });

  test('passes over what is said about the connection itself', () => {
    expect(parseEveryWay(Buffer.concat([stream(10, 0, 'x'), end(1)]), parser)).toEqual(['end 0 0']);
  });

  test.each([
    ['an answer that nobody asked for', end(2), 'UNEXPECTED_RECORD'],
    ['a request instead of an answer', stream(5, 1, 'x'), 'UNEXPECTED_RECORD'],
    ['half an end', discreteRecord(3, 1, Buffer.alloc(4)), 'BAD_RECORD'],
    ['the end of the connection before the answer’s', Buffer.alloc(0), 'INCOMPLETE'],
    ['the end of the connection in a record', stream(6, 1, 'xyz').subarray(0, 9), 'INCOMPLETE'],
  ])('refuses %s', (_, bytes, code) => {
    expect(parseEveryWay(bytes, parser).at(-1)).toBe(`! ${code}`);
  });

  test('refuses what comes behind the end', () => {
    expect(parseEveryWay(Buffer.concat([end(1), stream(6, 1, 'x')]), parser)).toEqual([
      'end 0 0',
      '! UNEXPECTED_RECORD',
    ]);
  });

  test('survives damage', () => {
    fuzz(Buffer.concat([stream(6, 1, 'answer'), stream(7, 1, 'oh'), end(1)]), () => parser([]));
  });
});
