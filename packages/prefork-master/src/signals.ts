/** What the signals are mapped to. */
export interface SignalTarget {
  stop(options: { readonly graceful: boolean }): Promise<void>;
  reload(): Promise<void>;
  scale(workers: number): Promise<void>;
  reopenLogs(): void;
  status(): { readonly size: number };
}

/** Where signals come from: `process`. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Handlers of one's own, in place of the table's or beside them. */
export type SignalHandlers = Readonly<Partial<Record<NodeJS.Signals, () => void | Promise<void>>>>;

/** gunicorn's table. */
const actions = {
  SIGTERM: (master) => master.stop({ graceful: true }),
  SIGINT: (master) => master.stop({ graceful: false }),
  SIGQUIT: (master) => master.stop({ graceful: false }),
  SIGHUP: (master) => master.reload(),
  SIGUSR1: (master) => master.reopenLogs(),
  SIGTTIN: (master) => master.scale(master.status().size + 1),
  SIGTTOU: (master) => master.scale(Math.max(1, master.status().size - 1)),
} satisfies Partial<Record<NodeJS.Signals, (master: SignalTarget) => void | Promise<void>>>;

/** Maps signals to a master; the function that it returns undoes that. */
export function handleSignals(
  master: SignalTarget,
  overrides: SignalHandlers = {},
  source: SignalSource = process,
): () => void {
  const table = Object.entries(actions).map(([signal, action]) => [signal, () => action(master)]);
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
async function attempt(handler: () => void | Promise<void>): Promise<void> {
  try {
    await handler();
  } catch {
    // See above.
  }
}
