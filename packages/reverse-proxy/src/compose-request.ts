import type { Environ } from '@highball/gateway-protocol';
import { forwardsLeft } from '@highball/http-semantics';
import { type BodySource, StreamingBody } from './body-source.ts';
import { FieldMemory } from './field-memory.ts';
import { eachAdded } from './header-rules.ts';
import type { Mirror } from './mirror.ts';
import type { ResolvedOptions } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { requestIdOf, traceparentOf } from './request-id.ts';
import { requestTarget } from './target.ts';
import { requestTrailers } from './trailers.ts';
import { offeredUpgrade } from './tunnel.ts';
import { hostOf, type UpstreamTarget } from './upstream.ts';

/** Set by the proxy itself, so that what came is not passed on beside it. */
const EXPLAIN = 'x-highball-explain';

/** Makes the requests that upstreams get, of the clients'. */
export class RequestComposer {
  readonly #options: ResolvedOptions;
  readonly #mirror: Mirror | undefined;
  readonly #memory: FieldMemory;
  readonly #dropped: ReadonlySet<string>;
  /** Whether rules say nothing else about X-Request-Id. */
  readonly #sendsId: boolean;

  constructor(options: ResolvedOptions, mirror: Mirror | undefined) {
    this.#options = options;
    this.#mirror = mirror;
    this.#sendsId = options.requestId && !options.requestRules.dropped.has('x-request-id');
    this.#dropped = droppedNames(options);
    this.#memory = new FieldMemory({
      viaName: options.viaName,
      dropped: this.#dropped,
      host: typeof options.host === 'object' ? options.host.name : undefined,
      strippedPrefix: options.paths.stripped,
    });
  }

  compose(environ: Environ): OutgoingRequest {
    const { paths } = this.#options;
    const length = environ.CONTENT_LENGTH;
    const hasUnknownLength = length === undefined && environ.HTTP_TRANSFER_ENCODING !== undefined;
    const hasBody = hasUnknownLength || (length !== undefined && length !== '0');
    const target = requestTarget(environ);
    return {
      environ,
      method: environ.REQUEST_METHOD,
      target: paths.identity ? target : paths.toUpstream(target),
      fields: this.#memory.fieldsOf(environ),
      ownFields: this.#ownFields(environ),
      contentLength: length === undefined ? undefined : Number(length),
      body: hasBody ? this.#bodyOf(environ) : undefined,
      upgrade: environ['highball.upgrade'] === undefined ? undefined : offeredUpgrade(environ.HTTP_UPGRADE),
      expectsContinue: hasBody && environ.HTTP_EXPECT?.toLowerCase() === '100-continue',
    };
  }

  #bodyOf(environ: Environ): BodySource {
    const body = new StreamingBody(environ['wsgi.input'], requestTrailers(environ, this.#dropped));
    return this.#mirror === undefined ? body : this.#mirror.tee(body);
  }

  #ownFields(environ: Environ): string[] {
    const { requestId, requestRules, traceparent } = this.#options;
    const id = requestId ? requestIdOf(environ) : '';
    const fields = this.#sendsId ? ['X-Request-Id', id] : [];
    if (environ.HTTP_MAX_FORWARDS !== undefined) this.#pushForwards(fields, environ);
    if (traceparent) fields.push('Traceparent', traceparentOf(environ));
    if (!requestRules.empty) {
      eachAdded(requestRules, { environ, requestId: id, upstream: '' }, (name, value) =>
        fields.push(name, value),
      );
    }
    return fields;
  }

  /** RFC 9110 §7.6.2; of methods for which it does not count it is passed on as it came. */
  #pushForwards(fields: string[], { REQUEST_METHOD: method, HTTP_MAX_FORWARDS: value = '' }: Environ): void {
    if (this.#dropped.has('max-forwards')) return;
    const left = forwardsLeft(method, value);
    fields.push('Max-Forwards', left === undefined ? value : String(left - 1));
  }
}

/** The request with the upstream's own address for Host; of a Unix socket, with the client's. */
export function withHost(request: OutgoingRequest, target: UpstreamTarget): OutgoingRequest {
  const host = hostOf(target);
  return host === undefined ? request : { ...request, fields: request.fields.withHost(host) };
}

/** Names that do not pass, by what is configured. */
function droppedNames({ requestRules, requestId, traceparent }: ResolvedOptions): ReadonlySet<string> {
  return new Set([
    EXPLAIN,
    ...requestRules.dropped,
    ...(requestId ? ['x-request-id'] : []),
    ...(traceparent ? ['traceparent'] : []),
  ]);
}
