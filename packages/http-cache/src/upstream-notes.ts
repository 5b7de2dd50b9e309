import type { Environ } from '@highball/gateway-protocol';

/** What a proxy behind the cache leaves in environ at the head of its answer. */
const NOTES = [
  'highball.request_id',
  'highball.upstream_addr',
  'highball.upstream_attempts',
  'highball.upstream_connect_time',
  'highball.upstream_header_time',
  'highball.upstream_reused',
  'highball.upstream_status',
] as const;
/** What it leaves at the end of the body. */
const AT_THE_END = 'highball.upstream_response_time';

/** Passes what was noted in the environ of a request of the cache's own to that of its client: for the access log. */
export function passNotes(asked: Environ, client: Environ): void {
  if (asked['highball.upstream_addr'] === undefined) return;
  for (const name of NOTES) if (asked[name] !== undefined) client[name] = asked[name];
  Object.defineProperty(client, AT_THE_END, {
    get: () => asked[AT_THE_END],
    enumerable: true,
    configurable: true,
  });
}
