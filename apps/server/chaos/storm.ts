import { setTimeout as sleep } from 'node:timers/promises';
import * as accidents from './accidents.ts';
import type { Accident, Scene } from './accidents.ts';
import { Doomed } from './doomed.ts';
import { type Footprint, footprint, leftovers } from './leaks.ts';
import { Ledger } from './ledger.ts';
import * as orders from './orders.ts';
import type { Desk, Order } from './orders.ts';
import { isAlive } from './processes.ts';
import { Random, seedOf } from './random.ts';
import { Subject } from './subject.ts';
import { Turn } from './turn.ts';
import * as upgrades from './upgrades.ts';
import { type Load, User } from './user.ts';

export interface StormOptions {
  /** How long it lasts at least. */
  readonly seconds: number;
  /** How often each event happens at least, however long that takes. @default 0 */
  readonly rounds?: number;
  /** The same seed brings the same events in the same order; their moments depend on the machine. */
  readonly seed: number;
  readonly users: number;
  readonly workers: number;
  /** Whether a front proxies to the application. Kill no worker then: what it loses is a status of the front. */
  readonly stack?: boolean;
  /** Further flags of `highball serve`. */
  readonly flags?: readonly string[];
  /** Names of the only events that may happen. @default all of them */
  readonly only?: readonly string[];
  /** Told of each event as it happens. */
  readonly say?: (line: string) => void;
}

/** What a storm has shown. */
export interface StormReport {
  readonly ledger: Ledger;
  readonly seconds: number;
  /** How often each thing was done. */
  readonly events: Readonly<Record<string, number>>;
  /** What the server did not do as it should, but for failed requests. */
  readonly troubles: readonly string[];
  /** What was left when the server had stopped. */
  readonly leftovers: readonly string[];
  /** The first master before the storm, the last one after it. */
  readonly before: Footprint;
  readonly after: Footprint;
  /** The server's log, for those who look for the reason of a failure. */
  readonly log: string;
}

const EVERY_ACCIDENT: Readonly<Record<string, Accident>> = { ...accidents };
const EVERY_ORDER: Readonly<Record<string, Order>> = { ...orders, ...upgrades };

/** What happens at once is worse than what happens in turn, so the pauses are short. */
const MOST_PAUSE_MS = 1500;
const AGAIN_MS = 100;
/** Long enough that all users have connected. */
const LAST_WAVE_MS = 500;
/** How many requests a kept connection carries. */
const MOST_PER_CONNECTION = 200;

/** Serves under load while everything happens to the server, and tells what became of the requests. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const subject = new Subject();
  try {
    return await new Storm(subject, options).run();
  } finally {
    await subject.stop();
    subject.remove();
  }
}

class Storm {
  readonly #subject: Subject;
  readonly #options: StormOptions;
  readonly #ledger = new Ledger();
  readonly #events: Record<string, number> = {};
  readonly #troubles: string[] = [];
  readonly #turn = new Turn();
  /** Workers that have answered: those that boot are no target, their death ends an upgrade as it should. */
  readonly #seen = new Set<number>();
  #start = 0;
  #stopping = false;

  constructor(subject: Subject, options: StormOptions) {
    this.#subject = subject;
    this.#options = options;
  }

  async run(): Promise<StormReport> {
    const { seconds, workers, stack = false, flags = [] } = this.#options;
    await this.#subject.start({ workers, stack, flags });
    await this.#subject.settled();
    const before = await footprint(this.#subject);
    this.#start = performance.now();
    const doomed = new Doomed(this.#subject.port);
    const over = new AbortController();
    const users = this.#users(doomed, 'u').map((user) => user.run(over.signal));
    await Promise.all([this.#accidents(doomed), this.#orders()]);
    await this.#try('the end', () => this.#subject.settled());
    over.abort();
    await Promise.all(users);
    await this.#try('the end', async () => void (await this.#subject.ctl('scale', String(workers))));
    await this.#try('the end', () => this.#subject.settled());
    const after = await footprint(this.#subject);
    const left = await this.#stopUnderLoad(doomed);
    for (const pid of this.#subject.silenced.filter((each) => !doomed.workers.has(each)))
      this.#troubles.push(
        `worker ${pid} was killed for a silence that the test did not cause: is this machine too slow?`,
      );
    return {
      ledger: this.#ledger,
      seconds,
      events: this.#events,
      troubles: this.#troubles,
      leftovers: left,
      before,
      after,
      log: this.#subject.log,
    };
  }

  /** Stops the server while requests are on their way; from then on, only a refused connection is no failure. */
  async #stopUnderLoad(doomed: Doomed): Promise<string[]> {
    const over = new AbortController();
    const users = this.#users(doomed, 'last').map((user) => user.run(over.signal));
    await sleep(LAST_WAVE_MS);
    this.#stopping = true;
    const left = await leftovers(this.#subject);
    over.abort();
    await Promise.all(users);
    return left;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#start;
  }

  get #isOver(): boolean {
    return this.#elapsedMs > this.#options.seconds * 1000;
  }

  #users(doomed: Doomed, wave: string): User[] {
    const load: Load = {
      port: this.#subject.port,
      ledger: this.#ledger,
      doomed,
      sawWorker: (pid) => this.#seen.add(pid),
      now: () => this.#elapsedMs,
      isStopping: () => this.#stopping,
    };
    return Array.from({ length: this.#options.users }, (_, index) => {
      const random = this.#random(`${wave} ${index}`);
      // Every other user connects anew for each request.
      return new User(
        `${wave}${index}`,
        load,
        random,
        index % 2 === 0 ? 1 : random.between(2, MOST_PER_CONNECTION),
      );
    });
  }

  async #accidents(doomed: Doomed): Promise<void> {
    const random = this.#random('accidents');
    const candidates = (): number[] => [...this.#seen].filter(isAlive).toSorted((a, b) => a - b);
    const scene: Scene = { subject: this.#subject, doomed, random, candidates };
    await this.#lane(random, EVERY_ACCIDENT, (accident) => this.#turn.take(() => accident(scene)));
  }

  async #orders(): Promise<void> {
    const random = this.#random('orders');
    const { workers } = this.#options;
    const desk: Desk = {
      subject: this.#subject,
      random,
      workers: { least: Math.max(2, workers - 1), most: workers + 2 },
      quietly: (task) => this.#turn.take(task),
    };
    await this.#lane(random, EVERY_ORDER, (order) => order(desk));
  }

  /** One thing after the other, all of them before any comes again, until the time is over. */
  async #lane<T>(
    random: Random,
    all: Readonly<Record<string, T>>,
    run: (each: T) => Promise<string | undefined>,
  ): Promise<void> {
    const { only, rounds = 0 } = this.#options;
    const wanted = Object.entries(all).filter(([name]) => only?.includes(name) ?? true);
    for (let round = 0; wanted.length > 0 && (round < rounds || !this.#isOver); round++) {
      for (const [name, each] of random.shuffle(wanted)) {
        await sleep(random.between(0, MOST_PAUSE_MS));
        if (round >= rounds && this.#isOver) return;
        await this.#try(name, () => this.#event(name, () => run(each), round < rounds));
      }
    }
  }

  /** @param isOwed - whether it is tried again when it could not be, as without a worker that has answered. */
  async #event(name: string, run: () => Promise<string | undefined>, isOwed: boolean): Promise<void> {
    for (;;) {
      const done = await run();
      if (done !== undefined) {
        this.#events[name] = (this.#events[name] ?? 0) + 1;
        return this.#say(done);
      }
      if (!isOwed) return;
      await sleep(AGAIN_MS);
    }
  }

  async #try(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      const trouble = `${what}: ${(error as Error).message}`;
      this.#troubles.push(`at ${(this.#elapsedMs / 1000).toFixed(1)} s, ${trouble}`);
      this.#say(`TROUBLE ${trouble}`);
    }
  }

  #say(line: string): void {
    const { unexcusedCount, answered } = this.#ledger;
    const state = `${answered} answered${unexcusedCount > 0 ? `, ${unexcusedCount} FAILED` : ''}`;
    this.#options.say?.(`${(this.#elapsedMs / 1000).toFixed(1).padStart(6)} s  ${line} (${state})`);
  }

  #random(part: string): Random {
    return new Random(seedOf(this.#options.seed, part));
  }
}
