import { parentPort, workerData } from 'node:worker_threads';
import { Scoreboard } from './scoreboard.ts';
import { describeTasks, type WatchdogFacts } from './watchdog.ts';

/*
 * Runs beside the event loop of a worker: when that stands still, it notes on the scoreboard what the loop is at, for
 * the master to read before it ends the process.
 */
const { memory, fd, record, silenceMs } = workerData as WatchdogFacts;
const board = new Scoreboard(fd);
let beat = 0;
let beatAt = performance.now();
let noted = false;

setInterval(() => {
  const latest = Atomics.load(memory.beats, 0);
  const now = performance.now();
  if (latest !== beat) {
    beat = latest;
    beatAt = now;
    if (noted) board.note(record, '');
    noted = false;
  } else if (now - beatAt >= silenceMs) {
    board.note(record, describeTasks(memory, Date.now()));
    noted = true;
  }
}, silenceMs / 2);
parentPort?.postMessage('watching', []);
