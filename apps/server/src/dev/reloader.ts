import type { Application } from '@highball/gateway-protocol';
import type { Clock } from './clock.ts';

/** A version that is about to be. */
export interface VersionBirth {
  /** Counts from 1. */
  readonly generation: number;
  /** Tells the versions of this server, and of others before it at the same address, apart. */
  readonly id: string;
  /** Aborted when this version is replaced, and when the server ends. */
  readonly signal: AbortSignal;
}

/** An application as it was at one moment, or what answers because it could not be loaded. */
export interface Version extends VersionBirth {
  readonly app: Application;
  /** Whether this is the application, and not what answers in its place. */
  readonly loaded: boolean;
}

/** What a reloader is made of. */
export interface ReloaderOptions {
  /** Loads the application anew. */
  load(birth: VersionBirth): Promise<Application>;
  /** What answers when the application does not load. */
  failed(error: unknown, birth: VersionBirth): Application;
  /** Called when a version is there: the application, or its failure. */
  onVersion(version: Version, durationMs: number): void;
  clock: Clock;
  /** An application must be loaded within this time; a top-level await may never end. @default 30_000 */
  loadTimeoutMs?: number;
}

/** As long as gunicorn gives a worker (its `timeout`). */
const LOAD_TIMEOUT_MS = 30_000;

/** The application did not finish loading. */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
  readonly code = 'LOAD_TIMEOUT';

  constructor(timeoutMs: number) {
    super(
      `the application has not finished loading within ${timeoutMs / 1000} s; does a top-level await never end?`,
    );
  }
}

/**
 * Holds the current version of an application, and replaces it. A reload while another is on its way makes that one
 * void: the newest always wins.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  /** One start of the server, so that pages of an earlier one reload too. */
  readonly #start: string = Date.now().toString(36);
  #generation = 0;
  #current: Version | undefined;
  #replaced: AbortController = new AbortController();
  #waiting: ((version: Version) => void)[] = [];

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** The version that answers; a promise while it is being loaded. */
  get current(): Version | Promise<Version> {
    return this.#current ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Loads the application anew. Resolves when this version, its failure, or a newer one is there. */
  async reload(): Promise<void> {
    const { clock, load, loadTimeoutMs = LOAD_TIMEOUT_MS } = this.#options;
    this.#replaced.abort();
    this.#replaced = new AbortController();
    this.#current = undefined;
    const generation = ++this.#generation;
    const birth = { generation, id: `${this.#start}.${generation}`, signal: this.#replaced.signal };
    const startedAt = clock.now();
    const giveUp = clock.after(loadTimeoutMs, () => {
      // Of another id than the version that may come after all: then the pages reload.
      this.#fail({ ...birth, id: `${birth.id}.late` }, new LoadTimeoutError(loadTimeoutMs), startedAt);
    });
    // Not awaited here: V8 would have what awaits a version in the stacks of its errors.
    load(birth)
      .then(
        (app) => this.#publish({ ...birth, app, loaded: true }, startedAt),
        (error: unknown) => this.#fail(birth, error, startedAt),
      )
      .finally(giveUp);
    await this.current;
  }

  /** Tells the current version that the server ends. */
  close(): void {
    this.#replaced.abort();
  }

  #fail(birth: VersionBirth, error: unknown, startedAt: number): void {
    if (birth.generation !== this.#generation) return;
    this.#publish({ ...birth, app: this.#options.failed(error, birth), loaded: false }, startedAt);
  }

  #publish(version: Version, startedAt: number): void {
    if (version.generation !== this.#generation) return;
    this.#current = version;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#options.onVersion(version, this.#options.clock.now() - startedAt);
    for (const resolve of waiting) resolve(version);
  }
}
