import { splitQuoted } from './list.ts';

/** What a client said it takes, in lower case, with its weight: 0 refuses, 1 is the most. */
export type Weights = ReadonlyMap<string, number>;

/** A token, or a media range. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+(?:\/[!#$%&'*+.^_`|~\w-]+)?$/;
/** weight = OWS ";" OWS "q=" qvalue (RFC 9110 §12.4.2) */
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Reads Accept, Accept-Encoding, Accept-Language or any other list of weighted names (RFC 9110 §12.4.2).
 *
 * A member that is malformed is as if it were not there, and so are the parameters of a media range; only media
 * ranges have parameters besides the weight. Of a name that stands twice the greater weight counts.
 */
export function parseWeights(value: string): Weights {
  const weights = new Map<string, number>();
  for (const member of splitQuoted(value.toLowerCase(), ',')) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
    const weight = weightOf(parameters, name.includes('/'));
    if (weight !== undefined && NAME.test(name)) weights.set(name, Math.max(weight, weights.get(name) ?? 0));
  }
  return weights;
}

function weightOf(parameters: readonly string[], ofMediaRange: boolean): number | undefined {
  const written = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length);
  if (!ofMediaRange && parameters.length > (written === undefined ? 0 : 1)) return undefined;
  if (written === undefined) return 1;
  return QVALUE.test(written) ? Number(written) : undefined;
}

/** There are only some dozen values of each field in the world; whoever invents more shall not fill the memory. */
const MAX_REMEMBERED = 64;
/** Longer values are nobody's. */
const MAX_REMEMBERED_LENGTH = 256;

/** A reader of a field that keeps what it made of the usual values: a request then costs one look-up. */
export function rememberField<Value>(read: (field: string) => Value): (field: string) => Value {
  const remembered = new Map<string, Value>();
  return (field) => {
    const known = remembered.get(field);
    if (known !== undefined) return known;
    const value = read(field);
    if (field.length <= MAX_REMEMBERED_LENGTH) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(field, value);
    }
    return value;
  };
}
