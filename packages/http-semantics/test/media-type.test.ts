import { expect, test } from 'vitest';
import { mediaTypeWeight, parseWeights } from '../src/index.ts';

test.each([
  // The example of RFC 9110 §12.5.1, but for the ranges with parameters.
  ['text/*;q=0.3, text/plain;q=0.7, */*;q=0.5', 'text/plain', 0.7],
  ['text/*;q=0.3, text/plain;q=0.7, */*;q=0.5', 'text/html', 0.3],
  ['text/*;q=0.3, text/plain;q=0.7, */*;q=0.5', 'image/jpeg', 0.5],
  ['text/html, */*;q=0', 'image/jpeg', 0],
  ['text/html;q=0, */*', 'text/html', 0],
  ['text/html', 'application/json', 0],
  ['', 'application/json', 0],
])('%s gives %s the weight %d', (accept, type, weight) => {
  expect(mediaTypeWeight(parseWeights(accept), type)).toBe(weight);
});
