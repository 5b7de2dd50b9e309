/**
 * What the validator costs: calls of a small application with and without it, alternating in one run.
 *
 *     node -C @highball/source bench/cost.ts [calls]
 */
import type { Application, Environ, ResponseBody } from '@highball/gateway-protocol';
import { validate } from '../src/index.ts';
import { goodEnviron, PLAIN } from '../test/support.ts';

const CALLS = Number(process.argv[2] ?? 100_000);
const ROUNDS = 5;

const whole: Application = (_environ, start) => {
  start('200 OK', PLAIN);
  return ['Hello, World!\n'];
};
const streamed: Application = function* (_environ, start): Generator<string, void> {
  start('200 OK', PLAIN);
  for (let piece = 0; piece < 10; piece++) yield 'Hello, World!\n';
};

/** Microseconds a call, over environs that were made before. */
function measure(app: Application, environs: readonly Environ[]): number {
  const begin = performance.now();
  for (const environ of environs) drain(app(environ, () => () => undefined) as ResponseBody);
  return ((performance.now() - begin) * 1000) / environs.length;
}

function drain(body: ResponseBody): number {
  let length = 0;
  for (const piece of body as Iterable<string>) length += piece.length;
  return length;
}

const environs = (): Environ[] => Array.from({ length: CALLS / 10 }, () => goodEnviron());
const least = (figures: readonly number[]): number => Math.min(...figures);

for (const [name, app] of Object.entries({ whole, streamed })) {
  const validated = validate(app);
  const plain: number[] = [];
  const guarded: number[] = [];
  for (let round = 0; round < ROUNDS * 10; round++) {
    plain.push(measure(app, environs()));
    guarded.push(measure(validated, environs()));
  }
  const cost = least(guarded) - least(plain);
  console.log(
    `${name}: ${least(guarded).toFixed(2)} µs a call, ${cost.toFixed(2)} µs of them the validator's`,
  );
}
