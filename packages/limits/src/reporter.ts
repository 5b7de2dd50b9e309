/** Where it is told who is limited; async-worker's log fits. */
export interface LimitsLog {
  error(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  info(message: string, details?: object): void;
}

/** What is told of a request. */
export interface LimitReport {
  readonly rule: string;
  readonly key: string;
  readonly action: 'refused' | 'delayed';
  readonly dryRun: boolean;
}

/** Keys that are remembered; an attacker with more of them has a line for each. */
const MAX_KEYS = 10_000;

/** Tells of each key once in a while, and then how often it was in between: a flood must not flood the log. */
export class Reporter {
  readonly #log: LimitsLog;
  readonly #periodMs: number;
  readonly #now: () => number;
  readonly #told = new Map<string, { at: number; unsaid: number }>();

  constructor(log: LimitsLog, periodMs: number, now: () => number) {
    this.#log = log;
    this.#periodMs = periodMs;
    this.#now = now;
  }

  report({ rule, key, action, dryRun }: LimitReport): void {
    const name = `${rule}\n${action}\n${key}`;
    const now = this.#now();
    const last = this.#told.get(name);
    if (last !== undefined && now - last.at < this.#periodMs) {
      last.unsaid++;
      return;
    }
    this.#told.delete(name);
    if (this.#told.size >= MAX_KEYS) this.#told.delete(this.#told.keys().next().value as string);
    this.#told.set(name, { at: now, unsaid: 0 });
    const details = { rule, key, dryRun, unsaid: last?.unsaid ?? 0 };
    this.#log[action === 'refused' ? 'warn' : 'info'](`a request was ${action} by a limit`, details);
  }
}
