import { createEnvironBuilder } from '@highball/environ';
import { emptyInput } from '@highball/gateway-protocol';
import type { RequestHead } from '@highball/http-parser';
import { expect, test } from 'vitest';
import { faultOf } from '../src/fault.ts';
import { withVariables } from '../src/uwsgi-environ.ts';
import { startUwsgi } from '../src/uwsgi-reader.ts';
import { packet } from './uwsgi-packet.ts';

const peer = {
  remoteAddress: '127.0.0.1',
  remotePort: 4000,
  localAddress: '127.0.0.1',
  localPort: 8000,
  encrypted: false,
  unix: false,
};
const errors = { write: () => undefined, writelines: () => undefined, flush: () => undefined };
const build = withVariables(createEnvironBuilder());
const start = startUwsgi({ parser: {}, uwsgiAllowIps: ['127.0.0.1'] });

/** Random numbers from 0 to below 1, the same each time (a linear congruential generator, Numerical Recipes'). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296;
}

test('whatever comes is served or refused as the peer’s fault, and never ours', () => {
  const random = seeded(11);
  const bytes = packet(
    { HTTP_COOKIE: 'a=1', HTTP_X_FORWARDED_FOR: '1.2.3.4', SCRIPT_NAME: '/hello' },
    'hello',
  );
  const outcomes = { served: 0, refused: 0 };
  for (let round = 0; round < 5000; round++) {
    const damaged = Buffer.from(bytes);
    for (let hits = Math.ceil(random() * 3); hits > 0; hits--) {
      damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
    }
    const onHead = (head: RequestHead): void => void build(head, peer, emptyInput, errors);
    const source = start({ onHead, onBody: () => undefined, onEnd: () => undefined }, peer);
    try {
      for (let at = 0; at < damaged.length;) {
        const length = 1 + Math.floor(random() * damaged.length);
        source.push(damaged.subarray(at, at + length));
        at += length;
      }
      source.finish();
      outcomes.served++;
    } catch (error) {
      const { status, level } = faultOf(error);
      expect([status, level], String(error)).toEqual([
        expect.toBeOneOf([400, 404, 413, 431]),
        expect.not.stringMatching('error'),
      ]);
      outcomes.refused++;
    }
  }
  expect(outcomes.served).toBeGreaterThan(500);
  expect(outcomes.refused).toBeGreaterThan(500);
});

test('a source that is closed takes nothing more, and one in a pause keeps what comes', () => {
  const told: string[] = [];
  const handler = {
    onHead: () => void told.push('head'),
    onBody: (chunk: Uint8Array) => void told.push(Buffer.from(chunk).toString()),
    onEnd: () => void told.push('end'),
  };
  const bytes = packet({}, 'hello');
  const source = start(handler, peer);
  expect(source.idle).toBe(true);
  source.push(bytes.subarray(0, -5));
  source.pause();
  source.push(bytes.subarray(-5, -3));
  source.push(bytes.subarray(-3, -1));
  expect([source.paused, source.buffered, source.idle]).toEqual([true, 4, false]);
  source.resume();
  expect([told, source.buffered]).toEqual([['head', 'hell'], 0]);
  source.close();
  source.push(bytes.subarray(-1));
  source.finish();
  expect(told).toEqual(['head', 'hell']);
  expect(start(handler, peer).release()).toHaveLength(0);
});
