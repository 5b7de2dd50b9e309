/*
 * What it costs a request to be noted for the case that it blocks: in shared memory, as it is done, or in a file.
 *
 *   node bench/serving.ts
 */
import { createScoreboard } from '../src/scoreboard.ts';
import { taskMemory, Tasks } from '../src/watchdog.ts';

const ROUNDS = 300_000;
const paths = Array.from({ length: 16 }, (_, index) => `GET /articles/${index}/comments`);

function measure(title: string, note: (description: string) => void): void {
  const began = performance.now();
  for (let round = 0; round < ROUNDS; round++) note(paths[round % paths.length] as string);
  const each = ((performance.now() - began) * 1000) / ROUNDS;
  console.log(`| ${title} | ${each.toFixed(2)} |`);
}

const tasks = new Tasks(taskMemory());
const board = createScoreboard();
console.log('| way | µs a request |');
console.log('| --- | ---: |');
for (let warm = 0; warm < 2; warm++) {
  measure('shared memory: begin and end', (description) => tasks.end(tasks.begin(description)));
  measure('file: begin and end', (description) => {
    board?.note(0, description);
    board?.note(0, '');
  });
}
board?.close();
