import * as v from 'valibot';

/** What the schemas of a configuration are made of. */
export const text: v.GenericSchema<string> = v.pipe(
  v.string('must be a text'),
  v.nonEmpty('must not be empty'),
);

export const count: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.integer('must be whole'),
  v.minValue(1, 'must be 1 or more'),
);

/** A time. @param least - the shortest that makes sense. */
export const ms = (least: number): v.GenericSchema<unknown, number> => {
  const problem = `must be milliseconds, ${least} or more`;
  return v.pipe(v.number(problem), v.minValue(least, problem));
};

export const amount: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.integer('must be whole'),
  v.minValue(0, 'must be 0 or more'),
);

export const flag: v.GenericSchema<boolean> = v.boolean('must be true or false');

/** True, false, or options that are checked by name. */
export const switched = (schema: v.GenericSchema): v.GenericSchema =>
  v.lazy((value) => (typeof value === 'object' && value !== null ? schema : flag));

/** Options of a package, which checks them itself. */
export const options: v.GenericSchema<Record<string, unknown>> = v.looseObject({}, 'must be an object');

/** An object whose unknown keys are told with those that there are. */
export function keys<Entries extends v.ObjectEntries>(
  what: string,
  entries: Entries,
): v.GenericSchema<unknown, unknown> {
  const known = Object.keys(entries).join(', ');
  return v.strictObject(entries, (issue) =>
    issue.expected === 'never' ? `is no key of ${what}; there are: ${known}` : 'must be an object',
  );
}

/** Entries none of which has to be there. */
export const optional = (entries: Readonly<Record<string, v.GenericSchema>>): v.ObjectEntries =>
  Object.fromEntries(Object.entries(entries).map(([name, schema]) => [name, v.optional(schema)]));
