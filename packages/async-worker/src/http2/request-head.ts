import type { RequestChecker, RequestHead } from '@highball/http-parser';

/**
 * Makes a request head of a header section (RFC 9113 §8.3.1).
 * @param section - flat: name, value, name, value…; the pseudo-fields first.
 * @param ended - whether nothing comes behind it.
 * @throws RemoteProtocolError
 */
export function readSection(
  section: readonly string[],
  ended: boolean,
  checker: RequestChecker,
): RequestHead {
  let method = '';
  let target = '';
  let authority: string | undefined;
  let i = 0;
  for (; section[i]?.charCodeAt(0) === COLON; i += 2) {
    const value = section[i + 1] as string;
    if (section[i] === ':method') method = value;
    else if (section[i] === ':path') target = value;
    else if (section[i] === ':authority') authority = value;
    // What `:scheme` says is the client's word; environ has the connection's.
  }
  return checker.head({ method, target, authority, fields: section.slice(i), ended });
}

const COLON = 0x3a;
