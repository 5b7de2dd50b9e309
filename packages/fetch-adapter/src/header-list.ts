import type { HeaderList } from '@highball/gateway-protocol';

/**
 * Fields of the connection, which is the server's (RFC 9110 §7.6.1). Applications made for other servers send
 * them in good faith, Hono's `streamText` and `streamSSE` among them; they change nothing, so they are left out.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** The fields that a gateway application may send: names in lower case, each Set-Cookie by itself. */
export function headerList(fields: Iterable<[string, string]>, status: number): HeaderList {
  const list: HeaderList = [];
  for (const field of fields) {
    if (!HOP_BY_HOP.has(field[0]) || isAllowed(field, status)) list.push(field);
  }
  return list;
}

/** What an application may say of its connection: to close it, and what to upgrade to (RFC 9110 §15.5.22). */
function isAllowed([name, value]: [string, string], status: number): boolean {
  return (name === 'connection' && value.toLowerCase() === 'close') || (name === 'upgrade' && status === 426);
}
