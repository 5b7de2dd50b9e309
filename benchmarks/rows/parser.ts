import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark, Context, Outcome, Row } from '../benchmark.ts';
import { onCpu, SERVER_CPU } from '../cpu.ts';
import { root } from '../root.ts';
import { ratioOf } from '../statistics.ts';

const BENCH = 'packages/http-parser/bench/requests.ts';
const ROW: Row = {
  work: 'parsing a browser’s request',
  against: 'llhttp from JavaScript',
  better: 'more',
  target: 1,
  aim: 1.5,
};

/** The package's own bench, which alternates the two in one process. */
export const parser: Benchmark = { name: 'parser', run: compareParsers };

async function compareParsers({ options, log }: Context): Promise<Outcome> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const [command = '', ...args] = onCpu(SERVER_CPU, [process.execPath, join(root, BENCH)]);
  for (let round = 0; round < options.rounds; round++) {
    const rates = parseRates((await promisify(execFile)(command, args)).stdout);
    if (rates.theirs === undefined) {
      return {
        rows: [{ ...ROW, skipped: 'llhttp cannot be reached in this Node' }],
        details: [],
        notes: [],
        failures: [],
      };
    }
    ours.push(rates.ours);
    theirs.push(rates.theirs);
  }
  const ratio = ratioOf(ours, theirs);
  const note = `\`node ${BENCH}\`: ${ours.map(Math.round).join(', ')} thousand requests a second; llhttp ${theirs.map(Math.round).join(', ')}.`;
  log(note);
  return { rows: [{ ...ROW, ratio }], details: [], notes: [note], failures: [] };
}

/** Reads what the bench prints. @throws when our figure is missing. */
export function parseRates(output: string): { ours: number; theirs?: number } {
  const rate = (name: string): number | undefined => {
    const text = new RegExp(`^${name} +([\\d.]+) thousand`, 'm').exec(output)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const [ours, theirs] = [rate('this parser'), rate('llhttp from JavaScript')];
  if (ours === undefined) throw new Error(`${BENCH} has not said what it measured:\n${output}`);
  return theirs === undefined ? { ours } : { ours, theirs };
}
