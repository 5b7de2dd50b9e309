import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, LostError } from './connection.ts';
import type { Doomed } from './doomed.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { makeRequest, type Request } from './requests.ts';

/** What all users of a run share. */
export interface Load {
  readonly port: number;
  readonly ledger: Ledger;
  readonly doomed: Doomed;
  /** Told of every worker that has answered. */
  readonly sawWorker: (pid: number) => void;
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** Whether the server was told to stop for good. */
  readonly isStopping: () => boolean;
}

/** Beyond it a request has failed; nothing that happens here may take so long. */
export const DEADLINE_MS = 45_000;
/**
 * A worker that drains closes connections that have been idle for 2 s; who sends just then meets the close (RFC 9112,
 * 9.6). These users are quicker, so that they have no such excuse.
 */
const LONGEST_THOUGHT_MS = 900;
/** The part of all requests that is given up by those who have sent them, at any moment of their exchange. */
const IMPATIENCE = 0.03;
const MOST_PATIENCE_MS = 100;
/** After a failure: a real client does not hammer. */
const RETREAT_MS = 50;

const REFUSED = 'connect ECONNREFUSED';

/** Somebody who sends one request after the other, and never sends one twice. */
export class User {
  readonly #name: string;
  readonly #load: Load;
  readonly #random: Random;
  /** How many requests a connection carries; 1 for users who connect anew for each. */
  readonly #perConnection: number;
  #connection: Connection | undefined;
  #carried = 0;
  #count = 0;

  constructor(name: string, load: Load, random: Random, perConnection: number) {
    this.#name = name;
    this.#load = load;
    this.#random = random;
    this.#perConnection = perConnection;
  }

  /** Goes on until it is told to stop, and ends with an answer. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const request = makeRequest(`${this.#name}-${++this.#count}`, this.#random);
      await (this.#random.next() < IMPATIENCE ? this.#abandon(request) : this.#ask(request));
      await sleep(this.#thought());
    }
    this.#leave();
  }

  async #ask(request: Request): Promise<void> {
    const { ledger, doomed, now, sawWorker, isStopping } = this.#load;
    const start = now();
    ledger.sent++;
    let localPort = 0;
    try {
      const connection = await this.#connect();
      ({ localPort } = connection);
      const answer = await connection.exchange(request.parts, request.pauseMs, DEADLINE_MS);
      const mistake = request.check(answer);
      if (mistake !== undefined) throw new LostError(mistake, false);
      sawWorker(Number(answer.fields.get('x-worker')));
      ledger.answer(request.kind, now() - start);
      if (!answer.persists || ++this.#carried >= this.#perConnection) this.#leave();
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      const doom = error.cut ? doomed.find(localPort) : undefined;
      const { id, kind } = request;
      if (isStopping() && error.message === REFUSED) ledger.turnedAway++;
      else ledger.fail({ id, kind, reason: error.message, atMs: now(), tookMs: now() - start, doom });
      this.#leave();
      await sleep(RETREAT_MS);
    }
  }

  /** Leaves in the middle: a worker must not keep anything of it. What becomes of the request is nobody's concern. */
  async #abandon(request: Request): Promise<void> {
    try {
      const connection = await this.#connect();
      await connection.exchange(request.parts, request.pauseMs, this.#random.between(1, MOST_PATIENCE_MS));
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
    }
    this.#load.ledger.abandoned++;
    this.#leave();
  }

  async #connect(): Promise<Connection> {
    if (this.#connection?.open === true) return this.#connection;
    this.#leave();
    this.#connection = await Connection.open(this.#load.port, DEADLINE_MS);
    this.#load.ledger.connections++;
    return this.#connection;
  }

  #leave(): void {
    if (!this.#connection) return;
    this.#connection.close();
    this.#load.doomed.forget(this.#connection.localPort);
    this.#connection = undefined;
    this.#carried = 0;
  }

  /** Mostly short; at times nearly as long as a connection may be idle. */
  #thought(): number {
    return this.#random.next() < 0.05
      ? this.#random.between(100, LONGEST_THOUGHT_MS)
      : this.#random.between(0, 100);
  }
}
