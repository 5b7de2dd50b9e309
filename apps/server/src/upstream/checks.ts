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
import { parseUpstream, type UpstreamTlsOptions } from '@highball/reverse-proxy';
import type { ActiveCheck } from './config.ts';

/** Where a check connects to, and whether by TLS. */
type CheckedPlace = Target & { readonly tls?: boolean };

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
  const check: ProbeKind =
    path === undefined
      ? { kind: 'tcp' }
      : {
          kind: 'http',
          path,
          ...(host !== undefined && { host }),
          ...(statuses && { isUp: (status) => statuses.includes(status) }),
        };
  return startHealthChecks(balancer, {
    ...timing,
    check,
    atOnce: true,
    onChange,
    target: placeOf,
    // By TCP alone, a peer that speaks TLS is up when it accepts: its certificate is the requests' business.
    connect: (place: CheckedPlace) =>
      place.tls && path !== undefined && 'host' in place
        ? tlsConnect({
            ...tls,
            host: place.host,
            port: place.port,
            servername: tls?.servername ?? nameOf(place.host),
          })
        : connectByNet(place),
  });
}

/** What is wrong with a check of this peer; undefined when it can be done. */
export function problemOfCheck({ path }: ActiveCheck, id: string): string | undefined {
  const { protocol } = parseUpstream(id);
  if (path === undefined || protocol === 'http') return undefined;
  return `health.check.path asks by HTTP, but '${id}' speaks ${protocol}: leave the path out to check by TCP`;
}

function placeOf(id: string): CheckedPlace {
  const target = parseUpstream(id);
  return { ...targetOf(id), tls: target.tls };
}

/** A server's name may be no address (RFC 6066 §3). */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
