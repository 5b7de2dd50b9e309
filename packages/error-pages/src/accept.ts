/** The forms in which an error can be told. */
export type Form = 'html' | 'json' | 'text';

/** Media ranges that ask for a form, the most precise first. */
const RANGES: Readonly<Record<Form, readonly string[]>> = {
  html: ['text/html', 'application/xhtml+xml', 'text/*'],
  json: ['application/problem+json', 'application/json', 'application/*'],
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
  const weights = readWeights(accept);
  let best: Form = 'text';
  // Whether it is named counts only between equal weights.
  let bestWeight = weights.get('*/*') ?? 0;
  let isNamed = false;
  for (const form of ORDER) {
    const range = RANGES[form].find((range) => weights.has(range));
    if (range === undefined) continue;
    const weight = weights.get(range) as number;
    if (weight === 0 || weight < bestWeight || (weight === bestWeight && isNamed)) continue;
    best = form;
    bestWeight = weight;
    isNamed = true;
  }
  return best;
}

/** `media-range [ parameters ] [ weight ]`; parameters but the weight say nothing about errors. */
function readWeights(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = item.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight)) continue;
    weights.set(range, Math.max(Number(weight), weights.get(range) ?? 0));
  }
  return weights;
}
