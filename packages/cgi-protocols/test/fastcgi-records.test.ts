import { describe, expect, test } from 'vitest';
import { frameStream, RecordParser, recordHeader } from '../src/fastcgi-records.ts';
import { hex, parseEveryWay, piece } from './support.ts';

const parser = (told: string[]): { push(bytes: Uint8Array): void; finish(): void } => {
  const records = new RecordParser({
    onRecord: (type, id, length) => void told.push(`record ${type} ${id} ${length}`),
    onContent: (chunk) => void told.push(piece('content', chunk)),
    onRecordEnd: () => void told.push('end'),
  });
  return {
    push: (bytes) => records.push(bytes),
    finish: () => void told.push(records.atBoundary ? 'boundary' : 'within'),
  };
};

describe('records', () => {
  test('are padded to a multiple of eight, and read however they are cut', () => {
    const bytes = Buffer.concat(frameStream(5, 300, Buffer.from('hello')));
    expect(bytes.toString('hex')).toBe(hex('0105012c00050300', '68656c6c6f', '000000'));
    expect(parseEveryWay(bytes, parser)).toEqual(['record 5 300 5', 'content <hello>', 'end', 'boundary']);
  });

  test('with nothing but padding end with it', () => {
    const bytes = Buffer.concat([recordHeader(9, 0, 0, 255), Buffer.alloc(255), recordHeader(5, 1, 0, 0)]);
    expect(parseEveryWay(bytes, parser)).toEqual(['record 9 0 0', 'end', 'record 5 1 0', 'end', 'boundary']);
  });

  test.each([3, 9, 14])('cut off after %d bytes are not at their end', (length) => {
    const bytes = Buffer.concat(frameStream(5, 1, Buffer.from('hello'))).subarray(0, length);
    expect(parseEveryWay(bytes, parser).at(-1)).toBe('within');
  });

  test('of another version are refused', () => {
    expect(parseEveryWay(Buffer.from('0205000100000000', 'hex'), parser)).toEqual(['! BAD_VERSION']);
  });

  test('hold long pieces without a copy, in full records without padding', () => {
    const content = Buffer.alloc(150_000, 'x');
    const parts = frameStream(6, 1, content);
    expect(parts.filter((part) => part.buffer === content.buffer)).toHaveLength(3);
    const told: string[] = [];
    parser(told).push(Buffer.concat(parts));
    expect(told.filter((line) => line.startsWith('record'))).toEqual([
      'record 6 1 65528',
      'record 6 1 65528',
      'record 6 1 18944',
    ]);
  });

  test('of nothing are none: an empty one would end the stream', () => {
    expect(frameStream(6, 1, new Uint8Array())).toEqual([]);
  });

  test.each([-1, 65_536, 1.5])('have no id %d', (id) => {
    expect(() => recordHeader(1, id, 0, 0)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST_ID' }) as Error,
    );
  });
});
