import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

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
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A second, the default, is short for a process that has to start on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './test/summary-reporter.ts'],
  },
});
