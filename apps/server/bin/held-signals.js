// Imported before anything else: until a server can take signals, the first HUP, or a USR1 from a log rotation that
// comes early, would end the process. Node's own start, some 20 ms, cannot be covered.

/** The commands that become a server, unless they only look at the configuration. */
const SERVERS = new Set(['serve', 'static', 'proxy', 'run']);
const LOOKS = new Set(['--check-config', '--print-config', '--help', '-h']);

const STOPS = ['SIGINT', 'SIGTERM', 'SIGQUIT'];
const KEPT = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'];
/** Nobody sends more in the moment of a start. */
const MOST_KEPT = 32;

/**
 * Holds the signals of a process that is about to become a server: what ends it ends it, with nothing begun and
 * without an error, and the others are kept until it can take them.
 */
export function holdSignals(args) {
  const listeners = new Map();
  const kept = [];
  const hold = (signal, listener) => {
    listeners.set(signal, listener);
    process.on(signal, listener);
  };
  if (SERVERS.has(args[0]) && !args.some((arg) => LOOKS.has(arg))) {
    for (const signal of STOPS) hold(signal, () => process.exit(0));
    for (const signal of KEPT) hold(signal, () => kept.length < MOST_KEPT && kept.push(signal));
  }
  const release = (signals) => {
    for (const signal of signals) {
      const listener = listeners.get(signal);
      if (listener !== undefined) process.off(signal, listener);
      listeners.delete(signal);
    }
  };
  return {
    /** From now on somebody else takes what ends the process. */
    releaseStops: () => release(STOPS),
    /** From now on somebody else takes them all. Gives those that were kept, in their order. */
    release() {
      release([...STOPS, ...KEPT]);
      return kept.splice(0);
    },
  };
}
