import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { forwardsLeft } from '@highball/http-semantics';
import { Answer } from './answer.ts';
import { answerError, answerOptions } from './answers.ts';
import { RequestComposer } from './compose-request.ts';
import { Forwarding, type ProxyContext } from './forwarding.ts';
import { Mirror } from './mirror.ts';
import { type ResolvedOptions, type ReverseProxyOptions, resolveOptions } from './options.ts';
import { Pool } from './pool.ts';
import { RetryBudget } from './retry.ts';
import { Sweeper } from './sweeper.ts';
import { checkPreface, parseUpstream, type UpstreamTarget } from './upstream.ts';

/**
 * Makes an application that forwards requests to upstreams and their answers back (RFC 9110 §7.6). Nothing of an
 * upstream shows but its answer.
 * @throws ProxyConfigError when an option makes no sense.
 */
export function reverseProxy<Peer extends { readonly id: string }>(
  options: ReverseProxyOptions<Peer>,
): Application {
  const proxy = new Proxy(resolveOptions(options));
  return (environ, startResponse) => proxy.handle(environ, startResponse);
}

/** How many addresses are remembered: pickers that discover their peers may name many, one after the other. */
const MAX_TARGETS = 4096;

class Proxy implements ProxyContext {
  readonly options: ResolvedOptions;
  readonly pool: Pool;
  readonly budget: RetryBudget;
  readonly sweeper: Sweeper;
  readonly composer: RequestComposer;
  readonly mirror: Mirror | undefined;
  readonly #targets = new Map<string, UpstreamTarget>();

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.pool = new Pool(options);
    this.budget = new RetryBudget(options.now);
    this.sweeper = new Sweeper(shortestMs(options), options.now);
    this.mirror = options.mirror && new Mirror(options.mirror, options, this.pool, this.sweeper);
    this.composer = new RequestComposer(options, this.mirror);
  }

  handle(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    if (environ.REQUEST_METHOD === 'CONNECT' && !this.#mayConnect(environ))
      return answerError(startResponse, 405);
    if (environ.HTTP_MAX_FORWARDS !== undefined && this.#endsHere(environ)) {
      return environ.REQUEST_METHOD === 'TRACE'
        ? answerError(startResponse, 405)
        : answerOptions(startResponse);
    }
    const answer = new Answer(environ, startResponse);
    new Forwarding(this, answer).start();
    return answer;
  }

  /** @throws ProxyConfigError when the picker names what is no address. */
  target(id: string): UpstreamTarget {
    let target = this.#targets.get(id);
    if (target === undefined) {
      target = parseUpstream(id);
      checkPreface(id, target, this.options.proxyProtocol);
      if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
      this.#targets.set(id, target);
    }
    return target;
  }

  #endsHere({ REQUEST_METHOD: method, HTTP_MAX_FORWARDS: field }: Environ): boolean {
    return forwardsLeft(method, field) === 0;
  }

  /** Whoever may CONNECT anywhere has a way into the network behind: only to what is listed. */
  #mayConnect(environ: Environ): boolean {
    return this.options.allowConnect.has((environ.RAW_URI ?? '').toLowerCase());
  }
}

/** The shortest time that the options ask to be kept to. */
function shortestMs(options: ResolvedOptions): number {
  const times = [
    options.connectTimeoutMs,
    options.firstByteTimeoutMs,
    options.readTimeoutMs,
    options.sendTimeoutMs,
    options.totalTimeoutMs,
    options.hedgeDelayMs ?? 0,
    options.mirror?.timeoutMs ?? 0,
  ];
  return Math.min(...times.filter((time) => time > 0), Infinity);
}
