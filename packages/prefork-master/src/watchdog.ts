import { Worker } from 'node:worker_threads';

/*
 * A blocked event loop cannot say what blocks it, and a process under a loop can: a thread of its own, which wakes a
 * few times a minute. What the loop is at stands in memory that both share. So a request costs a fraction of a
 * microsecond, where a note in a file would cost one or two (bench/serving.ts).
 */

/** How many tasks are remembered: the latest ones, since what blocks has most likely just begun. */
export const ENTRIES = 8;
/** The longest description of a task, in bytes; what is longer is cut. */
export const ENTRY_TEXT_BYTES = 256;

/** The numbers of one entry: its task (0 for none), the time of its begin, the bytes of its text. */
export const TASK = 0;
export const BEGAN = 1;
export const LENGTH = 2;
const NUMBERS = 3;

/** Memory that the loop writes and the thread reads. */
export interface TaskMemory {
  /** One number that grows as long as the loop runs. */
  readonly beats: Int32Array;
  /** The numbers of each entry, one entry after the other. */
  readonly numbers: Float64Array;
  /** The text of each entry. */
  readonly texts: Uint8Array;
}

/** Memory for the tasks of one event loop. */
export function taskMemory(): TaskMemory {
  return {
    beats: new Int32Array(new SharedArrayBuffer(4)),
    numbers: new Float64Array(new SharedArrayBuffer(ENTRIES * NUMBERS * 8)),
    texts: new Uint8Array(new SharedArrayBuffer(ENTRIES * ENTRY_TEXT_BYTES)),
  };
}

/** Where the number of an entry stands. */
export function at(entry: number, number: number): number {
  return entry * NUMBERS + number;
}

/** Notes which tasks are under way. */
export interface TaskLog {
  /**
   * Resolves when the thread watches: only what blocks after that is told of. Never rejects. The thread is started when
   * this is asked for, or by `ready()`.
   */
  readonly watched: Promise<void>;
  /**
   * A task begins, such as `GET /report`: shown in the log of the master should this process block.
   * @returns its number, for `end`.
   */
  begin(description: string): number;
  /** A task is done. */
  end(task: number): void;
}

const encoder = new TextEncoder();

/** Writes tasks to memory; the ninth takes the place of the first. */
export class Tasks implements TaskLog {
  readonly #watch: () => Promise<void>;
  #watched: Promise<void> | undefined;
  readonly #memory: TaskMemory;
  readonly #texts: readonly Uint8Array[];
  /** What is written there: a server is asked for the same again and again. */
  readonly #written: string[];
  readonly #now: () => number;
  #last = 0;

  /** @param watch - starts the thread; resolves when it watches. */
  constructor(
    memory: TaskMemory,
    watch: () => Promise<void> = () => Promise.resolve(),
    now: () => number = Date.now,
  ) {
    this.#watch = watch;
    this.#memory = memory;
    this.#now = now;
    this.#texts = Array.from({ length: ENTRIES }, (_, entry) =>
      memory.texts.subarray(entry * ENTRY_TEXT_BYTES, (entry + 1) * ENTRY_TEXT_BYTES),
    );
    this.#written = this.#texts.map(() => '');
  }

  get watched(): Promise<void> {
    this.#watched ??= this.#watch();
    return this.#watched;
  }

  begin(description: string): number {
    const task = ++this.#last;
    const entry = task % ENTRIES;
    const { numbers } = this.#memory;
    if (description !== this.#written[entry]) {
      const { written } = encoder.encodeInto(description, this.#texts[entry] as Uint8Array);
      numbers[at(entry, LENGTH)] = written;
      this.#written[entry] = description;
    }
    numbers[at(entry, BEGAN)] = this.#now();
    numbers[at(entry, TASK)] = task;
    return task;
  }

  end(task: number): void {
    const place = at(task % ENTRIES, TASK);
    if (this.#memory.numbers[place] === task) this.#memory.numbers[place] = 0;
  }
}

/** What is under way, the latest first: `GET /report for 3.2 s, GET / for 0.1 s`; empty for nothing. */
export function describeTasks({ numbers, texts }: TaskMemory, now: number): string {
  const busy: { task: number; text: string }[] = [];
  for (let entry = 0; entry < ENTRIES; entry++) {
    const task = numbers[at(entry, TASK)] ?? 0;
    if (task === 0) continue;
    const start = entry * ENTRY_TEXT_BYTES;
    const text = Buffer.from(texts.slice(start, start + (numbers[at(entry, LENGTH)] ?? 0))).toString();
    const seconds = Math.max(0, now - (numbers[at(entry, BEGAN)] ?? now)) / 1000;
    // A client may choose these bytes: none shall forge a line of a log.
    busy.push({ task, text: `${text.replaceAll(/\p{Cc}/gu, '?')} for ${seconds.toFixed(1)} s` });
  }
  return busy
    .toSorted((a, b) => b.task - a.task)
    .map(({ text }) => text)
    .join(', ');
}

/** What the thread is told. */
export interface WatchdogFacts {
  readonly memory: TaskMemory;
  /** The scoreboard, and the record of this process on it. */
  readonly fd: number;
  readonly record: number;
  /** How long the loop may stand still before its tasks are noted. */
  readonly silenceMs: number;
}

/**
 * Starts the thread. It does not keep the process alive.
 * @returns a promise that resolves when it watches, or cannot.
 */
export function startWatchdog(facts: WatchdogFacts): Promise<void> {
  // The sources run as they are, the package as it was compiled.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./watchdog-thread.${extension}`, import.meta.url), {
    workerData: facts,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  const watched = new Promise<void>((resolve) => {
    thread.once('message', () => resolve());
    // Without it a blocked worker is killed all the same; only the log says less.
    thread.on('error', () => resolve());
  });
  thread.unref();
  return watched;
}
