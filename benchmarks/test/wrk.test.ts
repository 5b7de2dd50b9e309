import { expect, test } from 'vitest';
import { parseWrk } from '../wrk.ts';

const line = (failed: number, requests = 10): string =>
  `Running 1s test\n{"requests":${requests},"bytes":1500,"durationUs":1000000,"failed":${failed},"p50Us":1,"p99Us":2}\n`;

test('what wrk has counted is read', () => {
  expect(parseWrk(line(0))).toEqual({
    requests: 10,
    bytes: 1500,
    durationUs: 1_000_000,
    failed: 0,
    p50Us: 1,
    p99Us: 2,
  });
});

test('a figure with failed requests, or without any, is none', () => {
  expect(() => parseWrk(line(1))).toThrow(/1 of 10 requests have failed/);
  expect(() => parseWrk(line(0, 0))).toThrow(/have failed/);
  expect(() => parseWrk('Running 1s test\n')).toThrow(/not said/);
});
