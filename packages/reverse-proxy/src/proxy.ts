import type {
  Application,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { type ResponseHead, serializeResponseHead } from '@highball/http-parser';
import type { UpstreamConnection, UpstreamResponse } from './connection.ts';
import { UpstreamError } from './errors.ts';
import { responseFields, rewriteLocation } from './fields.ts';
import { type Outcome, type ResolvedOptions, type ReverseProxyOptions, resolveOptions } from './options.ts';
import { Pool } from './pool.ts';
import { ProxyRequest } from './proxy-request.ts';
import { decideRetry, RetryBudget } from './retry.ts';
import { tunnel } from './tunnel.ts';
import { parseUpstream, type UpstreamTarget } from './upstream.ts';

/**
 * Makes an application that forwards requests to upstreams and their answers back (RFC 9110 §7.6). Nothing of an
 * upstream shows but its answer.
 * @throws ProxyConfigError when an upstream's address is none.
 */
export function reverseProxy(options: ReverseProxyOptions): Application {
  const proxy = new Proxy(resolveOptions(options));
  return (environ, startResponse) => proxy.handle(environ, startResponse);
}

class Proxy {
  readonly #options: ResolvedOptions;
  readonly #pool: Pool;
  readonly #budget: RetryBudget;
  readonly #targets = new Map<string, UpstreamTarget>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#pool = new Pool(options);
    this.#budget = new RetryBudget(options.now);
  }

  async handle(environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    const { picker, key, log } = this.#options;
    const request = new ProxyRequest(environ, this.#options.viaName);
    this.#budget.countRequest();
    const tried = new Set<string>();
    let failure: UpstreamError | undefined;
    let again = false;
    for (;;) {
      const peer = picker.pick({ key: key(environ), exclude: tried });
      if (peer === undefined) return answerError(startResponse, failure?.status ?? 503);
      const release = onceOnly((outcome: Outcome) => picker.release(peer, outcome));
      try {
        const target = this.#target(peer.id);
        const connection = await this.#pool.acquire(target, again);
        const response = await request.send(connection, release);
        return await this.#answer(request, response, connection, target, startResponse);
      } catch (error) {
        if (!(error instanceof UpstreamError)) {
          release('failed');
          throw error;
        }
        failure = error;
        const decision = decideRetry(error, request);
        again = decision === 'fresh-connection';
        release(error.code === 'ABORTED' ? 'aborted' : again ? 'ok' : 'failed');
        if (error.code === 'ABORTED') return clientLeft(startResponse);
        log.warn({ upstream: peer.id, code: error.code, method: request.method }, error.message);
        if (!again) tried.add(peer.id);
        if (decision === 'give-up' || !this.#budget.take()) return answerError(startResponse, error.status);
      }
    }
  }

  async #answer(
    request: ProxyRequest,
    { head, body, trailers }: UpstreamResponse,
    connection: UpstreamConnection,
    target: UpstreamTarget,
    startResponse: StartResponse,
  ): Promise<ResponseBody> {
    const { environ } = request;
    const fields = responseFields(head.fields, `HTTP/1.${head.minorVersion}`, this.#options.viaName);
    if (head.status === 101) return this.#tunnel(request, head, fields, connection);
    rewriteLocation(fields, originOf(target), environ);
    startResponse(`${head.status} ${head.reason}`, fields);
    if (body.complete && trailers.length === 0) return body.take();
    return withTrailers(body, trailers, environ);
  }

  /** Hands both connections to each other (RFC 9110 §7.8). */
  #tunnel(
    request: ProxyRequest,
    head: ResponseHead,
    fields: HeaderList,
    connection: UpstreamConnection,
  ): ResponseBody {
    const upgrade = request.environ['highball.upgrade'];
    if (upgrade === undefined || !request.wantsUpgrade) {
      const error = new UpstreamError(
        'BAD_RESPONSE',
        'the upstream switches protocols though nobody asked it to',
      );
      connection.abort(error);
      throw error;
    }
    const client = upgrade();
    const rest = connection.release();
    const lines = `Connection: upgrade\r\nUpgrade: ${head.upgrade ?? ''}\r\n`;
    client.socket.write(serializeResponseHead('101 Switching Protocols', fields, lines), 'latin1');
    if (rest.length > 0) client.socket.write(rest);
    if (client.head.length > 0) connection.socket.write(client.head);
    tunnel(client.socket, connection.socket, this.#options.tunnelTimeoutMs);
    request.finished();
    return [];
  }

  #target(id: string): UpstreamTarget {
    let target = this.#targets.get(id);
    if (target === undefined) {
      target = parseUpstream(id);
      this.#targets.set(id, target);
    }
    return target;
  }
}

/** The body, and behind it the upstream's trailers. */
function withTrailers(
  body: AsyncIterable<string | Uint8Array> & { close(): void },
  trailers: readonly string[],
  environ: Environ,
): ResponseBody {
  return {
    async *[Symbol.asyncIterator]() {
      yield* body;
      const fields: HeaderList = [];
      for (let i = 0; i < trailers.length; i += 2)
        fields.push([trailers[i] as string, trailers[i + 1] as string]);
      if (fields.length > 0) environ['highball.send_trailers']?.(fields);
    },
    close: () => body.close(),
  };
}

function originOf(target: UpstreamTarget): string | undefined {
  return 'path' in target
    ? undefined
    : URL.parse(`http://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`)
        ?.origin;
}

const REASONS = { 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' } as const;

function answerError(startResponse: StartResponse, status: 502 | 503 | 504): ResponseBody {
  const line = `${status} ${REASONS[status]}`;
  startResponse(line, [['Content-Type', 'text/plain; charset=utf-8']]);
  return [`${line}\n`];
}

/** Nobody hears it; logs have nginx's code for a client that left. */
function clientLeft(startResponse: StartResponse): ResponseBody {
  startResponse('499 Client Closed Request', []);
  return [];
}

function onceOnly<Argument>(act: (argument: Argument) => void): (argument: Argument) => void {
  let done = false;
  return (argument) => {
    if (done) return;
    done = true;
    act(argument);
  };
}
