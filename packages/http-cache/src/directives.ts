/** Directives of a Cache-Control field: names in lower case; undefined where there is no argument. */
export type Directives = ReadonlyMap<string, string | undefined>;

/** As large as an age needs to be (RFC 9111 §1.2.2). */
const MAX_SECONDS = 2_147_483_648;

/** cache-directive = token [ "=" ( token / quoted-string ) ] (RFC 9111 §5.2, RFC 9110 §5.6). */
const DIRECTIVE = /([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?[ \t]*(?=,|$)/y;
const NO_DIRECTIVES: Directives = new Map();

/**
 * Reads a Cache-Control field. What is malformed is left out; of repeated numbers the smallest counts, of repeated
 * lists of fields all of them do, and none is more than a list: each time what is cached less (RFC 9111 §4.2.1).
 */
export function parseDirectives(value: string | undefined): Directives {
  if (value === undefined || value === '') return NO_DIRECTIVES;
  const directives = new Map<string, string | undefined>();
  let at = 0;
  while (at < value.length) {
    const char = value[at] as string;
    if (char === ',' || char === ' ' || char === '\t') {
      at++;
      continue;
    }
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(value);
    if (match === null) {
      at = endOfMember(value, at);
      continue;
    }
    const name = (match[1] as string).toLowerCase();
    const argument = match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3];
    directives.set(name, directives.has(name) ? stricter(directives.get(name), argument) : argument);
    at = DIRECTIVE.lastIndex;
  }
  return directives;
}

/** Where a malformed member ends: at the next comma that does not stand in quotes. */
function endOfMember(value: string, from: number): number {
  let quoted = false;
  for (let i = from; i < value.length; i++) {
    if (value[i] === '"') quoted = !quoted;
    else if (value[i] === ',' && !quoted) return i;
  }
  return value.length;
}

function stricter(first: string | undefined, second: string | undefined): string | undefined {
  if (first === undefined || second === undefined) return undefined;
  const numbers = [first, second].map((text) => readSeconds(text));
  if (/^\d/.test(first) || /^\d/.test(second)) return String(Math.min(...numbers));
  return `${first}, ${second}`;
}

/**
 * The seconds of a directive.
 * @returns undefined when it is not there; 0 when its argument is no number: such a response is stale
 *   (RFC 9111 §4.2.1).
 */
export function secondsOf(directives: Directives, name: string): number | undefined {
  return directives.has(name) ? readSeconds(directives.get(name)) : undefined;
}

function readSeconds(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), MAX_SECONDS) : 0;
}
