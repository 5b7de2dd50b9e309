import type { Environ } from '@highball/gateway-protocol';
import { type BodySource, StreamingBody } from './body-source.ts';
import { eachAdded } from './header-rules.ts';
import type { Mirror } from './mirror.ts';
import type { ResolvedOptions } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { requestFields } from './request-fields.ts';
import { requestIdOf, traceparentOf } from './request-id.ts';
import { requestTarget } from './target.ts';
import { authorityOf, type UpstreamTarget } from './upstream.ts';

/** Set by the proxy itself, so that what came is not passed on beside it. */
const EXPLAIN = 'x-highball-explain';
const ALWAYS: ReadonlySet<string> = new Set([EXPLAIN]);

const droppedBy = new WeakMap<ResolvedOptions, ReadonlySet<string>>();

/** The request that an upstream is to get, of the client's. */
export function composeRequest(
  environ: Environ,
  options: ResolvedOptions,
  mirror: Mirror | undefined,
): OutgoingRequest {
  const length = environ.CONTENT_LENGTH;
  const hasUnknownLength = length === undefined && environ.HTTP_TRANSFER_ENCODING !== undefined;
  const hasBody = hasUnknownLength || (length !== undefined && length !== '0');
  const upgrade = environ['highball.upgrade'] === undefined ? undefined : environ.HTTP_UPGRADE;
  const requestId = options.requestId ? requestIdOf(environ) : undefined;
  const target = requestTarget(environ);
  return {
    environ,
    method: environ.REQUEST_METHOD,
    target: options.paths.identity ? target : options.paths.toUpstream(target),
    fields: composeFields(environ, options, requestId),
    contentLength: length === undefined ? undefined : Number(length),
    body: hasBody ? bodyOf(environ, mirror) : undefined,
    upgrade,
    expectsContinue: hasBody && environ.HTTP_EXPECT?.toLowerCase() === '100-continue',
  };
}

/** The request with the upstream's own address for Host; of a Unix socket, with the client's. */
export function withHost(request: OutgoingRequest, target: UpstreamTarget): OutgoingRequest {
  if ('path' in target) return request;
  const authority = URL.parse(`${target.tls ? 'https' : 'http'}://${authorityOf(target)}`)?.host ?? '';
  const fields = request.fields.slice();
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === 'Host') fields[i + 1] = authority;
  return { ...request, fields };
}

function bodyOf(environ: Environ, mirror: Mirror | undefined): BodySource {
  const body = new StreamingBody(environ['wsgi.input'], environ['highball.trailers']);
  return mirror === undefined ? body : mirror.tee(body);
}

function composeFields(environ: Environ, options: ResolvedOptions, requestId: string | undefined): string[] {
  const fields = requestFields(environ, {
    viaName: options.viaName,
    dropped: droppedNames(options),
    host: typeof options.host === 'object' ? options.host.name : undefined,
    strippedPrefix: options.paths.stripped,
  });
  if (requestId !== undefined && !options.requestRules.dropped.has('x-request-id'))
    fields.push('X-Request-Id', requestId);
  if (options.traceparent) fields.push('Traceparent', traceparentOf(environ));
  if (!options.requestRules.empty) {
    eachAdded(options.requestRules, { environ, requestId: requestId ?? '', upstream: '' }, (name, value) =>
      fields.push(name, value),
    );
  }
  return fields;
}

/** Names that do not pass, by what is configured; computed once. */
function droppedNames(options: ResolvedOptions): ReadonlySet<string> {
  let names = droppedBy.get(options);
  if (names !== undefined) return names;
  names = new Set([
    ...ALWAYS,
    ...options.requestRules.dropped,
    ...(options.requestId ? ['x-request-id'] : []),
    ...(options.traceparent ? ['traceparent'] : []),
  ]);
  droppedBy.set(options, names);
  return names;
}
