import { expect, test } from 'vitest';
import type { Peer } from '../../src/index.ts';
import { balancer, count, ids, picks } from '../support.ts';

const strategy = 'nginx-ip-hash';

/** An address in a network (/24) of its own for each number, as they are found on the Internet: at no distance. */
const network = (i: number): string =>
  `${1 + ((i * 7) % 223)}.${(i * 13) % 256}.${(i * 31 + (i >> 8)) % 256}.9`;

test('a network has one peer, whichever of its addresses asks; an IPv6 address is its own', () => {
  const from = balancer({ peers: ids(10), strategy });
  const ofNetwork = picks(from, 256, (i) => `192.0.2.${i}`);
  expect(new Set(ofNetwork).size).toBe(1);
  expect(new Set(picks(from, 100, (i) => `2001:db8::${i.toString(16)}`)).size).toBeGreaterThan(5);
});

test('spreads ten thousand networks over ten peers', () => {
  const spread = count(picks(balancer({ peers: ids(10), strategy }), 10_000, network));
  expect(Object.keys(spread)).toHaveLength(10);
  for (const share of Object.values(spread)) expect(Math.abs(share - 1000)).toBeLessThan(150);
});

test('keeps to the weights', () => {
  const peers = [1, 2, 3, 4].map((weight) => ({ id: `w${weight}`, weight }));
  const spread = count(picks(balancer({ peers, strategy }), 20_000, network));
  for (const { id, weight } of peers)
    expect(Math.abs((spread[id] as number) / 2000 - weight)).toBeLessThan(0.16 * weight);
});

test('while a peer is out, only its own networks go elsewhere, and not all to one', () => {
  const from = balancer({ peers: ids(10), strategy });
  const before = picks(from, 10_000, network);
  from.drain('p3');
  const during = picks(from, 10_000, network);
  expect(before.filter((id, i) => id !== 'p3' && id !== during[i])).toEqual([]);
  expect(Object.keys(count(during.filter((_, i) => before[i] === 'p3'))).length).toBeGreaterThan(7);
});

test('a list that changes moves most networks, as the README says: the others are for that', () => {
  const from = balancer({ peers: ids(10), strategy });
  const before = picks(from, 10_000, network);
  from.setPeers(ids(10).slice(0, 9));
  const after = picks(from, 10_000, network);
  expect(before.filter((id, i) => id !== after[i]).length).toBeGreaterThan(5000);
});

test('takes the only one that is left of a thousand, and none that was tried', () => {
  const from = balancer({ peers: ids(1000), strategy });
  for (let i = 0; i < 1000; i++) if (i !== 777) from.drain(`p${i}`);
  expect(new Set(picks(from, 20, network))).toEqual(new Set(['p777']));
  const few = balancer({ peers: ids(2), strategy });
  const first = few.pick({ key: '192.0.2.1' }) as Peer;
  expect(few.pick({ key: '192.0.2.1', exclude: new Set([first.id]) })?.id).not.toBe(first.id);
});
