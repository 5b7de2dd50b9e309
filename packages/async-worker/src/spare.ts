import type { Stage } from './deadlines.ts';

/** What must be known of a connection to give it up. */
export interface Sparable {
  readonly stage: Stage;
  /** When that stage began. */
  readonly since: number;
  /** For how long the client has held up the request under way: has not taken its answer, or not sent its body. */
  heldUpMs(now: number): number;
}

/** So long nothing is given up: a request may be on its way. */
const SPARED_AFTER_MS = 1000;
/** Who is in the middle of something gets longer: a train may be in a tunnel. */
const HELD_UP_MS = 3000;
/** So many at a time, so that not every new connection has to look for one (nginx: 32). */
const SPARED_AT_ONCE = 32;

/** Which to give up first: who has its answer, who is idle, who has said nothing yet, who is slow to say it. */
const RANKS: Readonly<Partial<Record<Stage, number>>> = { lingering: 0, idle: 1, first: 2, head: 3 };
/** And last, who is slow at the rest. */
const HELD_UP_RANK = 4;

interface Spare<Connection> {
  readonly connection: Connection;
  readonly rank: number;
  readonly since: number;
}

/**
 * Finds the connections that can best be spared when all places are taken. As long as there are some, nobody can
 * keep others out by holding connections open, however slowly it speaks or listens.
 * @param waiting - how many connections wait for a place.
 */
export function findSpare<Connection extends Sparable>(
  connections: Iterable<Connection>,
  now: number,
  waiting: number,
): Connection[] {
  const spare: Spare<Connection>[] = [];
  for (const connection of connections) {
    const found = judge(connection, now);
    if (found !== undefined) spare.push(found);
  }
  spare.sort((a, b) => a.rank - b.rank || a.since - b.since);
  return spare.slice(0, Math.max(SPARED_AT_ONCE, waiting)).map(({ connection }) => connection);
}

function judge<Connection extends Sparable>(
  connection: Connection,
  now: number,
): Spare<Connection> | undefined {
  const { stage, since } = connection;
  const rank = RANKS[stage];
  if (rank !== undefined) return now - since < SPARED_AFTER_MS ? undefined : { connection, rank, since };
  const heldUpMs = connection.heldUpMs(now);
  return heldUpMs < HELD_UP_MS ? undefined : { connection, rank: HELD_UP_RANK, since: now - heldUpMs };
}
