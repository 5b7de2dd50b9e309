import * as v from 'valibot';

/** The parts into which `--help` and the documentation divide the settings. */
export const GROUPS = [
  'Listening',
  'TLS',
  'Workers',
  'Recycling and scaling',
  'Limits and deadlines',
  'Trust',
  'Process',
  'Logging',
] as const;
export type Group = (typeof GROUPS)[number];

/** One declaration a setting: flag, environment variable, check, help and documentation come of it. */
export interface Setting<Value> {
  group: Group;
  /** The flag as commander and `--help` have it. */
  flag: string;
  /** Further environment variables besides `HIGHBALL_NAME`; the first that is set counts. */
  env?: readonly string[];
  help: string;
  /** What a valid value is, for the error message. */
  expects: string;
  /** Takes text from a flag or the environment, or a typed value from the configuration. */
  schema: v.GenericSchema<unknown, Value>;
  default: Value;
  /** What the documentation shows as the default where the value itself would say little. */
  defaultText?: string;
  /**
   * When another value in the configuration counts: from the next `reload` (HUP) on, or only in a new master
   * (`highball ctl upgrade`, or a restart).
   */
  applies: 'reload' | 'upgrade';
}

/** The declarations of a group of settings. */
export type Declarations<Settings> = { readonly [Name in keyof Settings]: Setting<Settings[Name]> };

/** A number, also as text, within bounds. */
export const number = (least: number, most: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+(\.\d+)?$/), v.transform(Number))]),
    v.minValue(least),
    v.maxValue(most),
  );

/** The same without fractions. */
export const whole = (least: number, most: number): v.GenericSchema<unknown, number> =>
  v.pipe(number(least, most), v.integer());

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** Bytes: a number, or text as `512M`, in powers of 1024 as everywhere in Unix. */
export const bytes = (least: number, most: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+[KMG]?$/i), v.transform(parseBytes))]),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
  );

function parseBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  return Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

/** True or false, also as the words that people write into environments. */
export const bool: v.GenericSchema<unknown, boolean> = v.union([
  v.boolean(),
  v.pipe(
    v.string(),
    v.toLowerCase(),
    v.picklist(Object.keys(BOOLEANS)),
    v.transform((word) => BOOLEANS[word] as boolean),
  ),
]);

/** A list: text whose parts the separator divides, or an array of such. */
export const listOf = (
  item: v.GenericSchema<string, string>,
  { least = 1, separator = ',' }: { least?: number; separator?: string } = {},
): v.GenericSchema<unknown, string[]> =>
  v.pipe(
    v.union([
      v.pipe(
        v.string(),
        v.transform((text) => [text]),
      ),
      v.array(v.string()),
    ]),
    v.transform((items) => items.flatMap((each) => each.split(separator)).map((each) => each.trim())),
    v.array(v.pipe(item, v.string(), v.nonEmpty())),
    v.minLength(least),
  );

/** One of these words. */
export const oneOf = <const Name extends string>(names: readonly Name[]): v.GenericSchema<unknown, Name> =>
  v.picklist(names);

/** Text that names something: no control characters, which would make two lines or two names of it. */
export const text: v.GenericSchema<unknown, string> = v.pipe(v.string(), v.regex(/^\P{Cc}*$/u));
