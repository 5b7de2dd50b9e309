import { version } from './version.ts';

const VERSION_FLAGS: ReadonlySet<string | undefined> = new Set(['-V', '--version']);

/** The command `highball`. */
export async function main(args: readonly string[]): Promise<void> {
  // Asked by scripts, and before anything else works: nothing is loaded for it.
  if (args.length === 1 && VERSION_FLAGS.has(args[0])) {
    process.stdout.write(`${version}\n`);
    return;
  }
  const { runProgram } = await import('./program.ts');
  await runProgram(args);
}
