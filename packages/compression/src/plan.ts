import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { Codec } from './codec.ts';
import { forbidsTransform, type HeadFacts, readHead, weakened, without, withVary } from './head.ts';
import type { Settings } from './options.ts';

/** What becomes of an answer, by its head: it goes as it is, with these fields; or it waits for its body. */
export type Plan =
  | { readonly kind: 'as-is'; readonly headers: HeaderList }
  | {
      readonly kind: 'encode';
      readonly codec: Codec;
      readonly contentLength: number;
      readonly mustEncode: boolean;
    };

/** Decides by all that is known before there is a body. */
export function planAnswer(environ: Environ, status: string, headers: HeaderList, settings: Settings): Plan {
  const facts = readHead(status, headers);
  if (facts === undefined) return { kind: 'as-is', headers };
  if (facts.identityAsked) return { kind: 'as-is', headers: without(headers, 'content-encoding') };
  if (environ['highball.no_compression']) return { kind: 'as-is', headers };
  if (facts.code === 206) return { kind: 'as-is', headers: partial(headers, facts, settings) };
  if (facts.untouchable) return { kind: 'as-is', headers };
  if (facts.code === 304) return { kind: 'as-is', headers: notModified(environ, headers, facts, settings) };
  if (!mayBeEncoded(facts, settings)) return { kind: 'as-is', headers };
  const { coding, identityRefused } = settings.negotiate(environ['HTTP_ACCEPT_ENCODING'] ?? '');
  const codec = settings.codecs.get(coding);
  const small = facts.contentLength !== -1 && facts.contentLength < settings.minBytes;
  if (
    codec === undefined ||
    (small && !identityRefused) ||
    forbidsTransform(environ['HTTP_CACHE_CONTROL'] ?? '')
  )
    return { kind: 'as-is', headers: withVary(headers) };
  return { kind: 'encode', codec, contentLength: facts.contentLength, mustEncode: identityRefused };
}

/** Answers without content have nothing to be encoded (RFC 9110 §15.3.5, §15.3.6). */
function mayBeEncoded({ code, mediaType }: HeadFacts, { isCompressible }: Settings): boolean {
  if (!(code >= 200) || code === 204 || code === 205) return false;
  return mediaType !== '' && isCompressible(mediaType);
}

/** A part goes as it is, and varies as the whole does (RFC 9110 §15.3.7). */
function partial(headers: HeaderList, { mediaType }: HeadFacts, { isCompressible }: Settings): HeaderList {
  const varies = mediaType === 'multipart/byteranges' || (mediaType !== '' && isCompressible(mediaType));
  return varies ? withVary(headers) : headers;
}

/**
 * A 304 has the fields that the 200 would have had (RFC 9110 §15.4.5). Which coding that had, only the client
 * knows: if it sends our tag as a weak one, then it has what was encoded.
 */
function notModified(
  environ: Environ,
  headers: HeaderList,
  { mediaType }: HeadFacts,
  settings: Settings,
): HeaderList {
  if (mediaType !== '' && !settings.isCompressible(mediaType)) return headers;
  const etag = headers.find(([name]) => name.toLowerCase() === 'etag')?.[1];
  const hasEncoded = etag !== undefined && environ['HTTP_IF_NONE_MATCH']?.includes(`W/${etag}`);
  return withVary(hasEncoded ? weakened(headers) : headers);
}
