/** Where the signal of the version that is being loaded lies: a symbol, so that every copy of this package finds it. */
const KEY: symbol = Symbol.for('highball.reload');

/**
 * A signal that is aborted when `highball dev` replaces the version of the application that asks: for timers,
 * servers and connections of modules, which would live on beside the new version's. To be asked for while a module
 * is loaded; requests have it as `environ['highball.draining']()`.
 * @returns undefined under any other command.
 */
export function reloadSignal(): AbortSignal | undefined {
  return (globalThis as { [key: symbol]: unknown })[KEY] as AbortSignal | undefined;
}

/** From now on the modules that are loaded belong to the version that this signal is for. */
export function setReloadSignal(signal: AbortSignal): void {
  (globalThis as { [key: symbol]: unknown })[KEY] = signal;
}
