/** A generator of numbers that can be repeated (mulberry32, Tommy Ettinger, public domain algorithm). */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes that decide something. */
const SHARP = Buffer.from('\r\n\t :;,="\\/%#?*@[]0159aAfFxX-+_\0\x0b\x0c\x7f\x80\xa0\xff', 'latin1');

/** Changes some bytes: cuts, doubles, inserts what decides something, joins two requests. */
export function mutate(seed: Uint8Array, other: Uint8Array, next: (below: number) => number): Buffer {
  const bytes = [...seed];
  for (let n = next(6); n >= 0; n--) {
    const at = next(bytes.length + 1);
    const kind = next(6);
    if (kind === 0) bytes.splice(at, next(8));
    else if (kind === 1) bytes.splice(at, 0, SHARP[next(SHARP.length)] as number);
    else if (kind === 2) bytes.splice(at, 1, next(256));
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(at, at + next(40)));
    else if (kind === 4) bytes.splice(at, bytes.length, ...other.subarray(next(other.length)));
    else bytes.splice(at, 2, 0x0d, 0x0a);
  }
  return Buffer.from(bytes.slice(0, 4000));
}

/** How long a fuzz looks for new inputs: FUZZ_MS=60000. */
export const FUZZ_MS: number = Number(process.env['FUZZ_MS'] ?? 0);

/**
 * What the inputs follow from. They are the same in each run, so that it says something about the change that it
 * tests and nothing about luck, unless FUZZ_MS asks for new ones; FUZZ_SEED=n has those again.
 */
export const SEED: number = Number(process.env['FUZZ_SEED'] ?? (FUZZ_MS > 0 ? Date.now() % 1_000_000 : 1));

/** Begins a fuzz of so many rounds, or of as many more as FUZZ_MS has time for: is there a round with this number? */
export function fuzz(rounds: number): (round: number) => boolean {
  const end = performance.now() + FUZZ_MS;
  return (round) => round < rounds || performance.now() < end;
}
