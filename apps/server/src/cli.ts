import { type HeldSignals, setHeldSignals } from './held-signals.ts';
import { version } from './version.ts';

const VERSION_FLAGS: ReadonlySet<string | undefined> = new Set(['-V', '--version']);

/** The command `highball`. @param signals - what has been held since the process began. */
export async function main(args: readonly string[], signals: HeldSignals): Promise<void> {
  // Asked by scripts, and before anything else works: nothing is loaded for it.
  if (args.length === 1 && VERSION_FLAGS.has(args[0])) {
    process.stdout.write(`${version}\n`);
    return;
  }
  setHeldSignals(signals);
  const { runProgram } = await import('./program.ts');
  await runProgram(args);
}
