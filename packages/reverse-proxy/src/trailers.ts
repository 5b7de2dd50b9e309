import type { Environ, HeaderList } from '@highball/gateway-protocol';
import { connectionNames, HOP_BY_HOP } from '@highball/http-semantics';
import { OWN_WORD } from './request-fields.ts';
import { isForClients } from './response-fields.ts';

/**
 * The trailers of a request that go on. Servers there are that take them for fields of the head, so what does not pass
 * there does not pass here; nor a name that would be another's in the variables of a program (`X_Real_IP`).
 * @param dropped - names, in lower case, that are left out.
 */
export function requestTrailers(environ: Environ, dropped: ReadonlySet<string>): () => HeaderList {
  return () => {
    const trailers = environ['highball.trailers']?.() ?? [];
    if (trailers.length === 0) return trailers;
    const ofThisHop = connectionNames(environ.HTTP_CONNECTION);
    return trailers.filter(([name]) => {
      const lower = name.toLowerCase();
      if (HOP_BY_HOP.has(lower) || OWN_WORD.has(lower) || lower.includes('_')) return false;
      return !ofThisHop.has(lower) && !dropped.has(lower);
    });
  };
}

/** The trailers of an answer that go on, of a flat list. */
export function responseTrailers(flat: readonly string[]): HeaderList {
  const pairs: HeaderList = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isForClients(name)) pairs.push([name, flat[i + 1] as string]);
  }
  return pairs;
}
