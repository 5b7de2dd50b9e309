import { BalancerConfigError } from '../errors.ts';

/** Where a peer listens. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** Ports that a scheme stands for. */
const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'h2c:': 80,
  'h2:': 443,
  'grpc:': 80,
  'grpcs:': 443,
};

/**
 * Where the peer of an id listens: `http://host:port`, `unix:/path`, `host:port`, and any other scheme with a port.
 * @throws BalancerConfigError INVALID_PEER
 */
export function targetOf(id: string): Target {
  const [, path] = /^(?:[a-z][a-z\d]*\+)?unix:(\/.*)$/.exec(id) ?? [];
  if (path !== undefined) return { path };
  const [, scheme = '', authority = ''] = /^(?:([a-z][a-z\d+.-]*:)\/\/)?([^/?#@]+)\/?$/i.exec(id) ?? [];
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? PORTS[scheme] : Number(digits);
  if (host === undefined || port === undefined || port > 65_535) {
    throw new BalancerConfigError('INVALID_PEER', `'${id}' does not say where to connect to`);
  }
  return { host, port };
}

/**
 * The same, for peers that are asked by plain HTTP over the default connection.
 * @throws BalancerConfigError INVALID_PEER when they speak something else: every one of them would be found down.
 */
export function httpTargetOf(id: string): Target {
  const [, scheme] = /^([a-z][a-z\d+.-]*):(?:\/\/|\/)/i.exec(id) ?? [];
  if (scheme === undefined || scheme === 'http' || scheme === 'unix') return targetOf(id);
  const problem = `'${id}' cannot be checked by plain HTTP: check it by TCP, or hand in a connect of your own`;
  throw new BalancerConfigError('INVALID_PEER', problem);
}
