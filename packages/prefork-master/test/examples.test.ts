import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');

test('the echo service of the README runs: it greets, echoes, survives the death of a worker, and stops', async () => {
  const script = join(folder, 'examples/echo-master.ts');
  await using program = new Program(process.execPath, ['-C', '@highball/source', script, '127.0.0.1:0']);
  const [, port] = await program.until(/echo on 127\.0\.0\.1:(\d+)/);

  const client = await RawClient.connect(Number(port));
  const [, pid] = /^hello from worker [12], process (\d+)\n$/.exec(await client.until('\n')) ?? [];
  client.send('ahoy\n');
  await client.until('ahoy\n');
  process.kill(Number(pid), 'SIGKILL');
  await client.closed;

  const next = await RawClient.connect(Number(port));
  expect(await next.until('\n')).not.toContain(`process ${pid}\n`);
  next.end();
  program.signal('SIGTERM');
  expect(await program.exited).toBe(0);
});

test.each(['echo-master.ts', 'echo-worker.ts'])('the README shows %s as it runs', (name) => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const source = readFileSync(join(folder, 'examples', name), 'utf8').replace(/^\/\*[^]*?\*\/\n/, '');
  expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``);
});
