import { expect, test } from 'vitest';
import { Member, type Peer } from '../../src/peer.ts';
import { RoundRobin } from '../../src/strategy/round-robin.ts';
import { balancer, count, ids, picks, seeded } from '../support.ts';

test('gives each peer its turn', () => {
  expect(picks(balancer({ peers: ids(3) }), 6).join(' ')).toBe('p0 p1 p2 p0 p1 p2');
});

test('spreads a heavy peer over the round: 5, 1, 1 give a a b a c a a', () => {
  const peers = [{ id: 'a', weight: 5 }, { id: 'b' }, { id: 'c' }];
  expect(picks(balancer({ peers }), 14).join(' ')).toBe('a a b a c a a a a b a c a a');
});

test('keeps to the weights', () => {
  const peers = [{ id: 'a', weight: 7 }, { id: 'b', weight: 2 }, { id: 'c' }];
  expect(count(picks(balancer({ peers }), 1000))).toEqual({ a: 700, b: 200, c: 100 });
});

test('a peer that failed comes back little by little', () => {
  const peers = [
    { id: 'a', weight: 10 },
    { id: 'b', weight: 10 },
  ];
  const from = balancer({ peers, maxFails: 2 });
  from.release(from.pick() as Peer, 'failed');
  expect(count(picks(from, 6))['a']).toBeLessThan(3);
  picks(from, 20);
  expect(count(picks(from, 20))).toEqual({ a: 10, b: 10 });
});

/** The loop of ngx_http_upstream_get_peer, over all peers: what the heaps must agree with. */
function walk(members: readonly Member[], current: number[], effective: number[]): Member {
  let best: Member | undefined;
  let total = 0;
  for (const member of members) {
    if (!member.usable) continue;
    const weight = effective[member.index] as number;
    current[member.index] = (current[member.index] as number) + weight;
    total += weight;
    if (weight < member.weight) effective[member.index] = Math.min(member.weight, weight + 1);
    if (best === undefined || (current[member.index] as number) > (current[best.index] as number))
      best = member;
  }
  current[best!.index] = (current[best!.index] as number) - total;
  return best as Member;
}

test('chooses as the walk over all peers would, while peers fail, go and come back', () => {
  const random = seeded(7);
  const members = Array.from({ length: 40 }, (_, index) => {
    const weight = 1 + Math.floor(random() * 5);
    return Object.assign(new Member(`p${index}`, index), {
      weight,
      share: weight,
      effectiveWeight: weight,
      order: index,
    });
  });
  const strategy = new RoundRobin();
  strategy.reset(members);
  const current = members.map(() => 0);
  const effective = members.map(({ weight }) => weight);
  for (const member of members) strategy.add(Object.assign(member, { usable: true }));
  for (let step = 0; step < 5000; step++) {
    const member = members[Math.floor(random() * members.length)] as Member;
    const lot = random();
    if (lot < 0.05 && members.filter(({ usable }) => usable).length > 1) {
      if (member.usable) strategy.remove(Object.assign(member, { usable: false }));
      else strategy.add(Object.assign(member, { usable: true }));
    } else if (lot < 0.1 && member.usable) {
      member.effectiveWeight = effective[member.index] = Math.max(
        0,
        member.effectiveWeight - member.weight / 2,
      );
      strategy.update(member);
    }
    const expected = walk(members, current, effective);
    expect(strategy.pick()?.id, `step ${step}`).toBe(expected.id);
  }
});
