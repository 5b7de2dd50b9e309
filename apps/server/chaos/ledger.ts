import type { Doom } from './doomed.ts';

/** A request that got no right answer. */
export interface Failure {
  readonly id: string;
  readonly kind: string;
  readonly reason: string;
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
  /** From its sending to its failure. */
  readonly tookMs: number;
  /** Set when the connection was lost, and this test had killed the worker that held it. */
  readonly doom: Doom | undefined;
}

/** So many failures are kept with their details. */
const KEPT = 50;

/** What has become of the requests. */
export class Ledger {
  sent = 0;
  answered = 0;
  /** The longest that anybody has waited for a right answer. */
  slowestMs = 0;
  connections = 0;
  /** Requests whose client has left before the answer; they count as nothing else. */
  abandoned = 0;
  /** Requests for which a server that was told to stop has taken no connection: their client knows it at once. */
  turnedAway = 0;
  readonly answeredByKind: Record<string, number> = {};
  /** Failures of requests whose worker this test has killed: how many, by what was done and what was seen. */
  readonly excused: Record<string, number> = {};
  /** All others, by what was seen. */
  readonly unexcused: Record<string, number> = {};
  /** The first of the others. */
  readonly details: Failure[] = [];

  get excusedCount(): number {
    return sum(this.excused);
  }

  get unexcusedCount(): number {
    return sum(this.unexcused);
  }

  /** Requests of which nothing is known yet. */
  get pending(): number {
    return this.sent - this.answered - this.turnedAway - this.excusedCount - this.unexcusedCount;
  }

  answer(kind: string, tookMs: number): void {
    this.answered++;
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    count(this.answeredByKind, kind);
  }

  fail(failure: Failure): void {
    const { doom, reason } = failure;
    if (doom) return count(this.excused, `${doom.deed}: ${reason}`);
    count(this.unexcused, reason);
    if (this.details.length < KEPT) this.details.push(failure);
  }
}

function count(counters: Record<string, number>, name: string): void {
  counters[name] = (counters[name] ?? 0) + 1;
}

function sum(counters: Record<string, number>): number {
  return Object.values(counters).reduce((total, value) => total + value, 0);
}
