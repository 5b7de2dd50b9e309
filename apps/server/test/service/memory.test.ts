import { expect, test } from 'vitest';
import { Site, who } from '../started.ts';

test('a limit of memory below what any worker needs is told once, with a better one, and does not go round', async () => {
  await using site = await Site.make();
  const { port, program } = await site.serve(['--max-worker-memory', '20M']);
  const first = await who(port);
  const [text, better] = await program.until(
    /--max-worker-memory 20M is less than a worker needs: worker 1 \(pid \d+\) of front has \d+M soon after its start: set (\d+)M or more/,
  );
  expect(Number(better)).toBeGreaterThan(40);
  await program.until(/exited with code 0/);
  const second = await who(port);
  expect(second.pid).not.toBe(first.pid);
  // Three rounds of the one who looks once a second.
  await new Promise((resolve) => setTimeout(resolve, 3500));
  expect((await who(port)).pid).toBe(second.pid);
  expect(program.output.split(text.slice(0, 60))).toHaveLength(2);
});
