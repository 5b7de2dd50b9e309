import process from 'node:process';

const calls = new Set<() => void>();

/** Calls back, synchronously, when the process exits: one listener for all logs. @returns what takes it back. */
export function atExit(call: () => void): () => void {
  if (calls.size === 0) process.on('exit', runAll);
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const call of calls) call();
}
