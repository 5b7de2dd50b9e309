import type {
  Application,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { decodePercent } from './target.ts';

/** What the upstream says stays said, whatever sends the content (ngx_http_upstream's X-Accel-Redirect). */
const KEPT: ReadonlySet<string> = new Set([
  'content-type', 'content-disposition', 'accept-ranges', 'set-cookie', 'cache-control', 'expires',
  'x-request-id', 'server-timing', 'x-highball-explain',
]); // prettier-ignore

/**
 * Lets an application answer for a path that the upstream has named: a file that only the upstream may give away. It
 * is asked with GET, or HEAD where the client did, and without the request's body.
 */
export function sendInstead(
  app: Application,
  location: string,
  upstreamFields: HeaderList,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody> {
  const kept = upstreamFields.filter(([name]) => KEPT.has(name.toLowerCase()));
  const names = new Set(kept.map(([name]) => name.toLowerCase()));
  return app(internalEnviron(environ, location), (status, fields, error) => {
    // An error page of its own is not the upstream's document.
    if (!/^[23]/.test(status)) return startResponse(status, fields, error);
    const rest = fields.filter(([name]) => !names.has(name.toLowerCase()));
    return startResponse(status, [...rest, ...kept], error);
  });
}

function internalEnviron(environ: Environ, location: string): Environ {
  const mark = location.indexOf('?');
  const path = mark === -1 ? location : location.slice(0, mark);
  const internal: Environ = {
    ...environ,
    REQUEST_METHOD: environ.REQUEST_METHOD === 'HEAD' ? 'HEAD' : 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: decodePercent(path.startsWith('/') ? path : `/${path}`),
    QUERY_STRING: mark === -1 ? '' : location.slice(mark + 1),
    RAW_URI: location,
  };
  delete internal.CONTENT_LENGTH;
  delete internal.CONTENT_TYPE;
  delete internal.HTTP_TRANSFER_ENCODING;
  return internal;
}
