import type { Stage } from './deadlines.ts';

/** What must be known of a connection to give it up. */
export interface Sparable {
  readonly stage: Stage;
  /** When that stage began. */
  readonly since: number;
}

/** So long nothing is given up: a request may be on its way. */
const SPARED_AFTER_MS = 1000;
/** So many at a time, so that not every new connection has to look for one (nginx: 32). */
const MAX_SPARED = 32;

/** Which to give up first: who has its answer, who is idle, who has said nothing yet, who is slow to say it. */
const RANKS: Readonly<Partial<Record<Stage, number>>> = { lingering: 0, idle: 1, first: 2, head: 3 };

/**
 * Finds the connections that can best be spared when all places are taken. As long as there are some, nobody can
 * keep others out by holding connections open, however slowly it speaks.
 */
export function findSpare<Connection extends Sparable>(
  connections: Iterable<Connection>,
  now: number,
): Connection[] {
  const spare: { connection: Connection; rank: number; since: number }[] = [];
  for (const connection of connections) {
    const rank = RANKS[connection.stage];
    const { since } = connection;
    if (rank !== undefined && now - since >= SPARED_AFTER_MS) spare.push({ connection, rank, since });
  }
  spare.sort((a, b) => a.rank - b.rank || a.since - b.since);
  return spare.slice(0, MAX_SPARED).map(({ connection }) => connection);
}
