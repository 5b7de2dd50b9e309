import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { forwardsLeft } from '@highball/http-semantics';
import { ConnectionLimits } from './connection-limits.ts';
import { isProxyRequest, readDestination } from './destination.ts';
import { dial } from './dial.ts';
import { Refusal } from './errors.ts';
import { isLoop } from './fields.ts';
import { forwardRequest } from './forward-request.ts';
import { Journey } from './journey.ts';
import { openTunnel } from './open-tunnel.ts';
import { type ForwardProxyOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { ALLOWED_METHODS, refuse } from './refuse.ts';

/**
 * Makes an application that forwards requests to wherever the client says (RFC 9110 §7.6, §9.3.6): targets in
 * absolute-form, and CONNECT. Nothing goes where it is not allowed to.
 * @throws ForwardProxyConfigError
 */
export function forwardProxy(options: ForwardProxyOptions): Application {
  const resolved = resolveOptions(options);
  const limits = new ConnectionLimits(resolved.maxConnections, resolved.maxConnectionsPerClient);
  return (environ, startResponse) => {
    if (!isProxyRequest(environ)) return answerOthers(environ, startResponse, resolved);
    return handle(environ, startResponse, resolved, limits);
  };
}

function answerOthers(
  environ: Environ,
  startResponse: StartResponse,
  options: ResolvedOptions,
): ResponseBody | Promise<ResponseBody> {
  if (options.fallback !== undefined) return options.fallback(environ, startResponse);
  const message = 'this is a forward proxy; it wants a target in absolute-form, or CONNECT';
  return refuse(new Refusal('NOT_A_PROXY_REQUEST', message), startResponse, options);
}

async function handle(
  environ: Environ,
  startResponse: StartResponse,
  options: ResolvedOptions,
  limits: ConnectionLimits,
): Promise<ResponseBody> {
  const journey = new Journey(environ, options);
  try {
    return await forward(environ, startResponse, options, limits, journey);
  } catch (error) {
    journey.end(error instanceof Refusal ? error : undefined, error instanceof Refusal ? 0 : 500);
    if (!(error instanceof Refusal)) throw error;
    return refuse(error, startResponse, options);
  }
}

async function forward(
  environ: Environ,
  startResponse: StartResponse,
  options: ResolvedOptions,
  limits: ConnectionLimits,
  journey: Journey,
): Promise<ResponseBody> {
  if (isLoop(environ, options.viaName)) throw new Refusal('LOOP', 'this request has been here before');
  // Before anything is said about destinations: who is not known learns nothing of the rules.
  journey.user = await options.credentials.authenticate(environ);
  if (environ.REQUEST_METHOD === 'TRACE') {
    throw new Refusal('METHOD_NOT_ALLOWED', 'TRACE would show what other proxies add to a request');
  }
  const destination = (journey.destination = readDestination(environ));
  if (
    destination.form === 'absolute' &&
    forwardsLeft(environ.REQUEST_METHOD, environ.HTTP_MAX_FORWARDS) === 0
  ) {
    return answerOptions(startResponse, journey);
  }
  journey.giveBack = limits.take(environ.REMOTE_ADDR ?? '');
  const dialled = await dial(destination, options, environ['highball.signal']?.());
  journey.address = dialled.address;
  if (destination.form === 'connect') return openTunnel(environ, dialled.socket, options, journey);
  return forwardRequest(environ, startResponse, { destination, socket: dialled.socket, options, journey });
}

/** RFC 9110 §7.6.2: at Max-Forwards 0 the request ends here. */
function answerOptions(startResponse: StartResponse, journey: Journey): ResponseBody {
  startResponse('200 OK', [
    ['Allow', ALLOWED_METHODS],
    ['Content-Length', '0'],
  ]);
  journey.end(undefined, 200);
  return [];
}
