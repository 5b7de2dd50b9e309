import { isatty } from 'node:tty';

/** What the signals are mapped to. */
export interface SignalTarget {
  stop(options: { readonly graceful: boolean }): Promise<void>;
  reload(): Promise<void>;
  scale(workers: number): Promise<void>;
  reopenLogs(): void;
  /** Starts a new master on the same sockets. */
  upgrade?(): Promise<unknown>;
  /** Stops the workers and keeps the sockets. */
  retire?(): Promise<void>;
  status(): { readonly size: number };
}

/** Where signals come from: `process`. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Handlers of one's own, in place of the table's or beside them. */
export type SignalHandlers = Readonly<Partial<Record<NodeJS.Signals, () => unknown>>>;

/** gunicorn's table. */
const actions = {
  SIGTERM: (master) => master.stop({ graceful: true }),
  SIGINT: (master) => master.stop({ graceful: false }),
  SIGQUIT: (master) => master.stop({ graceful: false }),
  SIGHUP: (master) => master.reload(),
  SIGUSR1: (master) => master.reopenLogs(),
  SIGUSR2: (master) => master.upgrade?.(),
  SIGWINCH: (master) => master.retire?.(),
  SIGTTIN: (master) => master.scale(master.status().size + 1),
  SIGTTOU: (master) => master.scale(Math.max(1, master.status().size - 1)),
} satisfies Partial<Record<NodeJS.Signals, (master: SignalTarget) => unknown>>;

/**
 * Whether this process belongs to a terminal, which sends WINCH when its window changes its size: then it stands for
 * nothing else, as with gunicorn unless it is a daemon.
 */
function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** Maps signals to a master; the function that it returns undoes that. */
export function handleSignals(
  master: SignalTarget,
  overrides: SignalHandlers = {},
  source: SignalSource = process,
  isInTerminal: () => boolean = hasTerminal,
): () => void {
  const table = Object.entries(actions)
    .filter(([signal]) => signal !== 'SIGWINCH' || !isInTerminal())
    .map(([signal, action]) => [signal, () => action(master)]);
  const handlers = Object.entries({ ...Object.fromEntries(table), ...overrides } as SignalHandlers);
  const listeners = handlers.map(([signal, handler]) => ({
    signal: signal as NodeJS.Signals,
    listener: () => void attempt(handler),
  }));
  for (const { signal, listener } of listeners) source.on(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) source.off(signal, listener);
  };
}

/** What fails here has been logged by the master: a signal has nobody to tell. */
async function attempt(handler: () => unknown): Promise<void> {
  try {
    await handler();
  } catch {
    // See above.
  }
}
