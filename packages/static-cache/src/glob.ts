/**
 * Makes a regular expression of a path pattern: `*` is any part of a name, `**` any number of folders, `?` one
 * character, `{a,b}` one of several. A pattern without a slash is for names in any folder.
 * @throws TypeError when a brace is not closed.
 */
export function compileGlob(pattern: string): RegExp {
  const anywhere = pattern.includes('/') ? '' : '(?:.*/)?';
  const body = pattern.replace(/^\//, '').replaceAll(TOKENS, (token, list: string | undefined) => {
    if (list !== undefined) return `(?:${list.split(',').map(escape).join('|')})`;
    return MEANINGS[token] ?? escape(token);
  });
  if (/(?:^|[^\\])[{}]/.test(body)) throw new TypeError(`the braces of '${pattern}' are not closed`);
  return new RegExp(`^${anywhere}${body}$`);
}

const TOKENS = /\*\*\/|\*\*|\*|\?|\{([^{}]*)\}|[^*?{}]+/g;
const MEANINGS: Readonly<Record<string, string>> = {
  '**/': '(?:.*/)?',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
};

function escape(text: string): string {
  return text.replaceAll(/[.+^$()|[\]\\*?]/g, '\\$&');
}
