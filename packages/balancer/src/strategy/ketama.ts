import { crc32, crc32Byte, crc32Update } from '../hash.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/** Points for each unit of weight: nginx's, and libketama's. */
const POINTS_PER_WEIGHT = 160;

/** A ring of more would take over 32 MiB: heavier lists get fewer points for each unit, and are no longer nginx's. */
const MAX_POINTS = 2 ** 22;

/** What a ring needs to know of a peer. */
export interface RingPeer {
  /** Its address: `host:port`, `host` or `unix:/path`; a scheme before it (`http://`) is left out. */
  readonly id: string;
  readonly weight: number;
}

/** A ring: points in ascending order, and the place of each one's peer in the list. */
export interface Ring {
  readonly points: Uint32Array;
  readonly owners: Uint32Array;
}

/**
 * Places peers on a ring as nginx's `hash … consistent` does (ngx_http_upstream_hash_module, compatible with
 * Cache::Memcached::Fast): each point is the CRC-32 of host, NUL, port and the point before it. The first of equal
 * points stays.
 */
export function ketamaRing(peers: readonly RingPeer[]): Ring {
  const whole = peers.reduce((sum, { weight }) => sum + Math.ceil(weight) * POINTS_PER_WEIGHT, 0);
  const scale = Math.min(1, MAX_POINTS / whole);
  const counts = peers.map(({ weight }) =>
    Math.max(1, Math.floor(Math.ceil(weight) * POINTS_PER_WEIGHT * scale)),
  );
  // Point and owner in one double, so that a plain numeric sort orders both: 32 bits and 21 bits fit into 53.
  const packed = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let next = 0;
  for (const [owner, { id }] of peers.entries()) {
    const base = baseHash(id);
    let point = 0;
    for (let i = counts[owner] as number; i > 0; i--) {
      point = nextPoint(base, point);
      packed[next++] = point * OWNER_LIMIT + owner;
    }
  }
  return unpack(packed.toSorted());
}

const OWNER_LIMIT = 2 ** 21;

function unpack(sorted: Float64Array): Ring {
  const points = new Uint32Array(sorted.length);
  const owners = new Uint32Array(sorted.length);
  let count = 0;
  for (const both of sorted) {
    const point = Math.floor(both / OWNER_LIMIT);
    if (count > 0 && points[count - 1] === point) continue;
    points[count] = point;
    owners[count++] = both % OWNER_LIMIT;
  }
  return { points: points.subarray(0, count), owners: owners.subarray(0, count) };
}

/** Host, NUL, port: the part that all points of a peer share. */
function baseHash(id: string): number {
  const { host, port } = hostAndPort(id.replace(/^[a-z][a-z\d+.-]*:\/\//i, '').replace(/\/$/, ''));
  return crc32Update(crc32Byte(crc32Update(0xffffffff, host), 0), port);
}

/** As nginx cuts the text of its `server` line: a port is what digits follow the last colon. */
function hostAndPort(server: string): { host: string; port: string } {
  if (/^unix:/i.test(server)) return { host: server.slice('unix:'.length), port: '' };
  const cut = /^(.*):(\d*)$/.exec(server);
  return { host: cut?.[1] ?? server, port: cut?.[2] ?? '' };
}

function nextPoint(base: number, before: number): number {
  let crc = base;
  for (let shift = 0; shift < 32; shift += 8) crc = crc32Byte(crc, (before >>> shift) & 255);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The place on the ring of a key's hash: the first point that is not below it, or the first of all. */
export function ringPlace({ points }: Ring, hash: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as number) < hash) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}

/** Consistent hashing on nginx's ring: O(log n); peers that cannot be chosen are passed by, forward. */
export class Ketama implements Strategy {
  #members: readonly Member[] = [];
  #ring: Ring | undefined;

  reset(members: readonly Member[]): void {
    this.#members = members;
    this.#ring = ketamaRing(members);
  }

  add(): void {}
  remove(): void {}
  update(): void {}

  pick(key: string): Member | undefined {
    const ring = this.#ring as Ring;
    const { length } = ring.owners;
    const start = ringPlace(ring, crc32(key));
    for (let step = 0; step < length; step++) {
      const member = this.#members[ring.owners[(start + step) % length] as number] as Member;
      if (member.usable) return member;
    }
    return undefined;
  }
}
