import type { HeaderList } from '@highball/gateway-protocol';
import type { ErrorPage } from './page.ts';

/** Fields of the body that is replaced (RFC 9110 §8); all others stay: Allow, Retry-After, WWW-Authenticate… */
const OF_THE_BODY: ReadonlySet<string> = new Set(
  [
    'content-type content-length content-encoding content-language content-location content-disposition',
    'content-digest repr-digest content-md5 digest etag last-modified accept-ranges content-security-policy',
  ]
    .join(' ')
    .split(' '),
);

/** The head of the page: the application's without what was about its body. */
export function replacedHead(headers: HeaderList, { headers: own, body }: ErrorPage): HeaderList {
  const ownNames = new Set(own.map(([name]) => name.toLowerCase()));
  const fields = headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !OF_THE_BODY.has(lower) && !ownNames.has(lower);
  });
  fields.push(...own, ['Content-Length', String(Buffer.byteLength(body))]);
  // The form depends on Accept (RFC 9110 §12.5.5).
  const says = fields.some(
    ([name, value]) => name.toLowerCase() === 'vary' && /(?:^|[,\s])(?:accept|\*)(?:$|[,\s])/i.test(value),
  );
  if (!says) fields.push(['Vary', 'Accept']);
  return fields;
}
