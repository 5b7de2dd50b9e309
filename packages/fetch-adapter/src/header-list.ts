import { type HeaderList, isApplicationField } from '@highball/gateway-protocol';

/**
 * The fields that a gateway application may send: names in lower case, each Set-Cookie by itself. Those of the
 * connection are left out: applications made for other servers send them in good faith, Hono's `streamText` and
 * `streamSSE` among them, and they change nothing.
 */
export function headerList(fields: Iterable<[string, string]>, status: number): HeaderList {
  const list: HeaderList = [];
  for (const field of fields) {
    if (isApplicationField(...field, status)) list.push(field);
  }
  return list;
}
