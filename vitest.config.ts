import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { defineConfig } from 'vitest/config';

/*
 * At the end of a process Node 24 waits for threads that compile, and those may wait for a garbage collection, which
 * comes no more (nodejs/node#54918, #64274): a run that has passed would never end. Node 22 has neither.
 */
for (const flag of ['--no-concurrent-sparkplug', '--no-maglev']) setFlagsFromString(flag);

/** Siblings are resolved to their TypeScript sources: no test needs a build. */
const conditions = ['@highball/source', 'node', 'default'];

const folders = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(new URL(`${parent}/`, import.meta.url)).map((name) => `${parent}/${name}`),
);

/** One vitest project a workspace, named like its folder: `vitest run --project http-parser`. */
const projects = [
  ...folders.filter((folder) => existsSync(`${import.meta.dirname}/${folder}/test`)),
  'benchmarks',
  'test',
].map((folder) => ({
  extends: true as const,
  test: {
    name: folder === 'test' ? 'repository' : basename(folder),
    root: `${import.meta.dirname}/${folder}`,
  },
}));

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Hundreds of servers are started from their sources: Node strips and compiles each file once, and not each time.
    env: { NODE_COMPILE_CACHE: `${import.meta.dirname}/node_modules/.cache/compile` },
    // On a machine that others use, one of thousands of tests with real processes may meet some seconds in which nothing
    // runs. Continuous integration tries it once more, and names it; a person sees it fail.
    retry: Number(process.env['HIGHBALL_TEST_RETRIES'] ?? 0),
    // These limits end what hangs, and assert nothing: a process that has to start takes its time on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', './test/summary-reporter.ts'],
  },
});
