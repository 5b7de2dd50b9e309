/**
 * Fields that belong to the connection, and so to the server and not to the application, in lower case (PEP 3333,
 * "Other HTTP Features"; RFC 9110 §7.6.1). Proxy-Authenticate is none of them: an application may be a proxy.
 */
export const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Whether a field is an application's to send: all but those of the connection, of which it may say `close`, and what
 * a 426 offers to upgrade to (RFC 9110 §15.5.22).
 * @param name - in lower case.
 */
export function isApplicationField(name: string, value: string, status: number): boolean {
  if (!CONNECTION_FIELDS.has(name)) return true;
  return name === 'connection' ? value.toLowerCase() === 'close' : name === 'upgrade' && status === 426;
}
