import { expect } from 'vitest';
import { RemoteProtocolError } from '../src/index.ts';

/** What a parser is to a test. */
interface Parser {
  push(bytes: Uint8Array): void;
  finish(): void;
}

/** All the ways in which bytes can come: whole, cut once at every place, and one by one. */
export function* deliveries(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/**
 * Delivers bytes in every way to a fresh parser, each piece in memory that is overwritten behind the call, as a
 * socket's may be; expects the same of all.
 * @returns what was told.
 */
export function parseEveryWay(
  bytes: Uint8Array,
  start: (told: string[]) => Parser,
  options: { finish?: boolean } = {},
): string[] {
  let first: string[] | undefined;
  for (const pieces of deliveries(bytes)) {
    const told: string[] = [];
    const parser = start(told);
    let fault: string | undefined;
    try {
      for (const piece of pieces) {
        const memory = Buffer.from(piece);
        parser.push(memory);
        memory.fill(0xee);
      }
      if (options.finish !== false) parser.finish();
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      fault = `! ${error.code}`;
    }
    const whole = joinBodies(told);
    if (fault !== undefined) whole.push(fault);
    first ??= whole;
    expect(whole, `cut into ${pieces.map((piece) => piece.length).join('+')}`).toEqual(first);
  }
  return first as string[];
}

/** Neighbouring pieces of one stream become one: `body a`, `body b` → `body ab`. */
function joinBodies(told: string[]): string[] {
  const joined: string[] = [];
  for (const line of told) {
    const [, kind] = /^(\w+ )</.exec(line) ?? [];
    const last = joined.at(-1);
    if (kind !== undefined && last?.startsWith(`${kind}<`) === true) {
      joined[joined.length - 1] = last + line.slice(kind.length);
    } else joined.push(line);
  }
  return joined.map((line) => line.replaceAll('><', ''));
}

/** A piece of a stream, as told. */
export function piece(kind: string, chunk: Uint8Array): string {
  return `${kind} <${Buffer.from(chunk).toString('latin1')}>`;
}

/** Random numbers from 0 to below 1, the same each time (mulberry32, Tommy Ettinger's public-domain generator). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Feeds a parser damaged forms of a message; it may refuse them, but not fail in any other way. */
export function fuzz(message: Uint8Array, start: () => Parser, rounds = 3000): void {
  const random = seeded(7);
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const damaged = Buffer.from(message);
    for (let hits = Math.ceil(random() * 4); hits > 0; hits--) {
      damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
    }
    const parser = start();
    try {
      for (let at = 0; at < damaged.length;) {
        const length = 1 + Math.floor(random() * damaged.length);
        parser.push(damaged.subarray(at, at + length));
        at += length;
      }
      parser.finish();
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(rounds / 10);
}

/** Bytes in hexadecimals, a part at a time. */
export function hex(...parts: string[]): string {
  return parts.join('');
}
