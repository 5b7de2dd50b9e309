import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Balancer } from '@highball/balancer';
import {
  connectByNet,
  type HealthChecks,
  type HealthEvent,
  type ProbeKind,
  startHealthChecks,
  type Target,
  targetOf,
} from '@highball/balancer/health';
import { parseUpstream, type UpstreamProtocol, type UpstreamTlsOptions } from '@highball/reverse-proxy';
import { askByHttp2 } from './ask-http2.ts';
import type { ActiveCheck } from './config.ts';

/** Where a check connects to, whether by TLS, and what is spoken there. */
type CheckedPlace = Target & { readonly tls?: boolean; readonly protocol?: UpstreamProtocol };

/** What the checks of an upstream need besides their options. */
export interface CheckContext {
  /** TLS as requests to the peers have it. */
  readonly tls: UpstreamTlsOptions | undefined;
  onChange(event: HealthEvent): void;
}

/**
 * Checks the peers of a balancer from now on. Of a new one nothing is known: its first check is done at once, and is
 * enough to take it out (HAProxy's rule).
 */
export function startChecks(
  balancer: Balancer,
  { path, host, statuses, ...timing }: ActiveCheck,
  { tls, onChange }: CheckContext,
): HealthChecks {
  const isUp = (status: number): boolean =>
    statuses === undefined ? status >= 200 && status < 400 : statuses.includes(status);
  const connect = (place: CheckedPlace): Socket => connectTo(place, path, tls);
  const check: ProbeKind =
    path === undefined
      ? { kind: 'tcp' }
      : {
          kind: 'http',
          path,
          isUp,
          ...(host !== undefined && { host }),
          ask: (place: CheckedPlace, signal) =>
            place.protocol === 'h2'
              ? askByHttp2(
                  connect(place),
                  { authority: host ?? authorityOf(place), path, tls: place.tls === true, isUp },
                  signal,
                )
              : undefined,
        };
  return startHealthChecks(balancer, {
    ...timing,
    check,
    atOnce: true,
    onChange,
    target: placeOf,
    connect,
  });
}

/** By TCP alone, a peer that speaks TLS is up when it accepts: its certificate is the requests' business. */
function connectTo(
  place: CheckedPlace,
  path: string | undefined,
  tls: UpstreamTlsOptions | undefined,
): Socket {
  if (place.tls !== true || path === undefined || !('host' in place)) return connectByNet(place);
  return tlsConnect({
    ...tls,
    host: place.host,
    port: place.port,
    servername: tls?.servername ?? nameOf(place.host),
    ...(place.protocol === 'h2' && { ALPNProtocols: ['h2'] }),
  });
}

/** What is wrong with a check of this peer; undefined when it can be done. */
export function problemOfCheck({ path }: ActiveCheck, id: string): string | undefined {
  const { protocol } = parseUpstream(id);
  if (path === undefined || protocol === 'http' || protocol === 'h2') return undefined;
  return `health.check.path asks by HTTP, but '${id}' speaks ${protocol}: leave the path out to check by TCP`;
}

function placeOf(id: string): CheckedPlace {
  const target = parseUpstream(id);
  return { ...targetOf(id), tls: target.tls, protocol: target.protocol };
}

/** The host by which a peer is asked where none is given. */
function authorityOf(place: Target): string {
  if ('path' in place) return 'localhost';
  return `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
}

/** A server's name may be no address (RFC 6066 §3). */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
