import type { Environ, Middleware } from '@highball/gateway-protocol';
import { isIP } from 'node:net';

/**
 * Refuses requests for names that are not this server's: a foreign page could otherwise have its own name lead to
 * the loopback and read sources and environ (DNS rebinding). Addresses cannot be rebound, and localhost leads to the
 * loopback (RFC 6761 §6.3).
 * @param names - further names: those the server is bound to, and those of `--allow-host`.
 */
export function allowedHosts(names: readonly string[]): Middleware {
  const allowed = new Set(names.map((name) => name.toLowerCase()));
  return (app) => (environ, startResponse) => {
    const host = hostName(environ);
    if (isAllowed(host, allowed)) return app(environ, startResponse);
    startResponse('403 Forbidden', [
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
    return [`highball dev does not answer for '${host}'. If that name is yours: --allow-host ${host}\n`];
  };
}

function isAllowed(host: string, allowed: ReadonlySet<string>): boolean {
  // No Host at all: HTTP/1.0, and no browser.
  if (host === '' || host === 'localhost' || host.endsWith('.localhost')) return true;
  return isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0 || allowed.has(host);
}

function hostName(environ: Environ): string {
  return (environ['HTTP_HOST'] ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
