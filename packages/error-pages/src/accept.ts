import { parseWeights, type Weights } from '@highball/http-semantics';

/** The forms in which an error can be told. */
export type Form = 'html' | 'json' | 'text';

/** Media ranges that ask for a form, the most precise first; what starts with + is the end of one (RFC 6839). */
const RANGES: Readonly<Record<Form, readonly string[]>> = {
  html: ['text/html', 'application/xhtml+xml', 'text/*'],
  json: ['application/problem+json', 'application/json', '+json', 'application/*'],
  text: ['text/plain', 'text/*'],
};

/** Between forms that are asked for equally: who names HTML is a browser. */
const ORDER: readonly Form[] = ['html', 'json', 'text'];

/**
 * The form that a client likes best (RFC 9110 §12.5.1). One that names none of them, as curl and `fetch` with
 * their wildcard, gets text: browsers name text/html whenever a page is to be shown. A client that takes nothing
 * of all this gets text too (§12.5.1 permits it), not another error.
 * @param accept - the value of Accept, if there is one.
 */
export function chooseForm(accept: string | undefined): Form {
  if (accept === undefined) return 'text';
  const weights = parseWeights(accept);
  let best: Form = 'text';
  // Whether it is named counts only between equal weights.
  let bestWeight = weights.get('*/*') ?? 0;
  let isNamed = false;
  for (const form of ORDER) {
    const weight = weightOf(form, weights);
    if (weight === undefined || weight === 0 || weight < bestWeight || (weight === bestWeight && isNamed))
      continue;
    best = form;
    bestWeight = weight;
    isNamed = true;
  }
  return best;
}

/** The weight of the first range of a form that is named. */
function weightOf(form: Form, weights: Weights): number | undefined {
  for (const range of RANGES[form]) {
    const named = range.startsWith('+') ? [...weights.keys()].find((name) => name.endsWith(range)) : range;
    const weight = named === undefined ? undefined : weights.get(named);
    if (weight !== undefined) return weight;
  }
  return undefined;
}
