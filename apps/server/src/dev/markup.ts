const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML that may be put into a page as it is. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | false | undefined | readonly Value[];

/**
 * Makes HTML of a template: every value is escaped, for text and for attributes in quotes, unless it is markup
 * already. `false` and `undefined` leave nothing; arrays are joined.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + escaped(values[i - 1]) + part));
}

function escaped(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return (value as readonly Value[]).map(escaped).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
