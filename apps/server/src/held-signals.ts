/** The signals that bin/held-signals.js holds from the first moment of the process. */
export interface HeldSignals {
  /** From now on somebody else takes what ends the process. */
  releaseStops(): void;
  /** From now on somebody else takes them all. @returns those that were kept, in their order */
  release(): NodeJS.Signals[];
}

const NONE: HeldSignals = { releaseStops: () => undefined, release: () => [] };

let held: HeldSignals = NONE;

/** To be called first: makes what the command holds known to the server that it becomes. */
export function setHeldSignals(signals: HeldSignals): void {
  held = signals;
}

/** The signals of this process that wait for somebody to take them. */
export function heldSignals(): HeldSignals {
  return held;
}
