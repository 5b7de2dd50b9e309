import { parseArgs } from 'node:util';

/** What a run of the benchmarks does. */
export interface Options {
  /** Names of benchmarks, or parts of them; all where there is none. */
  readonly only: readonly string[];
  /** How long the load lasts in each round of a main figure, in seconds. */
  readonly seconds: number;
  /** How often the servers take turns. */
  readonly rounds: number;
  /** One short round of each, to see that everything works; the figures mean nothing. */
  readonly smoke: boolean;
  /** Connections and kinds of requests other than the ones of the targets are measured, too. */
  readonly allCases: boolean;
  /** A folder for CPU profiles of Highball's processes. */
  readonly profile?: string;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [options]

  --only NAME      only the benchmarks with NAME in their name; repeatable
  --seconds N      seconds of load in each round (2)
  --rounds N       rounds in which the servers take turns (3)
  --main           only 64 connections and a browser's request, which the targets are about
  --smoke          one short round of each, within half a minute: does everything run? Changes no file
  --profile DIR    writes CPU profiles of Highball's processes there; slows them a little. Changes no file
  --help           this text

Without --only, --main, --smoke and --profile the figures are written into docs/performance.md, its plot and README.md.`;

const MAX_SECONDS = 60;
const MAX_ROUNDS = 100;

/** @throws TypeError, by node:util or here, when an option is unknown or its value is. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      main: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, main, smoke, help, profile } = values;
  return {
    only,
    seconds: wholeNumber('--seconds', values.seconds, smoke ? 1 : 2, MAX_SECONDS),
    rounds: wholeNumber('--rounds', values.rounds, smoke ? 1 : 3, MAX_ROUNDS),
    smoke,
    allCases: !main && !smoke && profile === undefined,
    ...(profile === undefined ? {} : { profile }),
    help,
  };
}

/** Whether a run with these options has everything that the documents show. */
export function isComplete(options: Options): boolean {
  return options.only.length === 0 && options.allCases;
}

function wholeNumber(flag: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new TypeError(`${flag} takes a whole number from 1 to ${max}, not '${text}'`);
}
