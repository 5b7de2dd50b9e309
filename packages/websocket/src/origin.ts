/**
 * Whether a page of this origin may open a WebSocket (RFC 6455 §10.2): one of the same host and port, or one
 * that is allowed by name.
 *
 * @param origin - the Origin field; undefined where there is none, which no browser does.
 * @param host - the Host field.
 * @param scheme - that of the request. A page of http may not speak to a site of https; the reverse is let
 *   through, since TLS may end at a proxy that does not tell.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  scheme: 'http' | 'https',
  allowed: '*' | ReadonlySet<string>,
): boolean {
  if (origin === undefined || allowed === '*' || allowed.has(origin)) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.protocol !== 'https:' && (page.protocol !== 'http:' || scheme === 'https')) return false;
  // Read with the page's own scheme, the usual port falls away from both. What is more than an origin is none.
  const own = `${page.protocol}//${host}`;
  return page.origin === origin.toLowerCase() && URL.canParse(own) && new URL(own).href === page.href;
}
