/**
 * Makes a task that never runs twice at once and never queues more than one run: a call during a run is answered by
 * one further run after it, which all such calls share. Their argument is the last one's.
 */
export function coalesce<T>(task: (argument: T) => Promise<void>): (argument: T) => Promise<void> {
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  let latest: T;

  const run = (): Promise<void> => {
    queued = undefined;
    running = task(latest).finally(() => (running = undefined));
    return running;
  };

  return (argument) => {
    latest = argument;
    if (running) queued ??= running.then(run, run);
    return queued ?? run();
  };
}
