/** What an error is shown as. */
export type ErrorForm = 'html' | 'json' | 'text';

/**
 * The form that a client wants (RFC 9110 §12.5.1): the one with the greatest weight that it names; of equals HTML,
 * then JSON. Who names none of them, as curl does, gets text.
 */
export function preferredForm(accept: string | undefined): ErrorForm {
  const weights: Record<ErrorForm, number> = { html: 0, json: 0, text: 0 };
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.toLowerCase().split(';');
    const form = formOf(type.trim());
    if (form !== undefined) weights[form] = Math.max(weights[form], weightOf(parameters));
  }
  const best = Math.max(...Object.values(weights));
  if (best === 0) return 'text';
  return (Object.keys(weights) as ErrorForm[]).find((form) => weights[form] === best) as ErrorForm;
}

function formOf(type: string): ErrorForm | undefined {
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  return type === 'text/plain' ? 'text' : undefined;
}

function weightOf(parameters: readonly string[]): number {
  const [, weight] = parameters.map((parameter) => /^\s*q=(.*)$/.exec(parameter)).find(Boolean) ?? [];
  return weight === undefined ? 1 : Number(weight) || 0;
}
