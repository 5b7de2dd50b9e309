import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { reasonPhrase } from '../src/index.ts';

/** Node still has those of RFC 7231 and RFC 4918. */
const RENAMED: Readonly<Record<number, string>> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };

test('every status that Node knows has its phrase, by its name of today', () => {
  for (const [status, phrase] of Object.entries(STATUS_CODES)) {
    expect(reasonPhrase(Number(status)), status).toBe(RENAMED[Number(status)] ?? phrase);
  }
});

test('a status without a name has none', () => {
  for (const status of [99, 199, 299, 306, 499, 599, 1000, Number.NaN]) {
    expect(reasonPhrase(status), String(status)).toBeUndefined();
  }
});
