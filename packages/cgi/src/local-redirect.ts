import {
  type Application,
  emptyInput,
  type Environ,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { CgiProgramError } from './errors.ts';

/** Counts the redirects of a request, in its environ. */
const COUNT = 'highball.cgi_redirects';

/**
 * Answers as if the client had asked for this address in the first place (RFC 3875 §6.2.2): by GET, without a body.
 * @throws CgiProgramError REDIRECT_LOOP, BAD_LOCATION
 */
export function redirectLocally(
  target: string,
  environ: Environ,
  startResponse: StartResponse,
  app: Application,
  most: number,
): ResponseBody | Promise<ResponseBody> {
  const count = Number(environ[COUNT] ?? 0) + 1;
  if (count > most) throw new CgiProgramError('REDIRECT_LOOP', `more than ${most} local redirects`);
  const [path = '', query = ''] = split(target);
  const redirected: Environ = {
    ...environ,
    REQUEST_METHOD: environ.REQUEST_METHOD === 'HEAD' ? 'HEAD' : 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: decodePercent(path),
    QUERY_STRING: query,
    RAW_URI: target,
    'wsgi.input': emptyInput,
    [COUNT]: count,
  };
  // The body was the first program's.
  delete redirected.CONTENT_LENGTH;
  delete redirected.CONTENT_TYPE;
  delete redirected.HTTP_TRANSFER_ENCODING;
  return app(redirected, startResponse);
}

function split(target: string): string[] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

function decodePercent(path: string): string {
  if (/%(?![0-9a-f]{2})|%00/i.test(path)) {
    throw new CgiProgramError('BAD_LOCATION', `${JSON.stringify(path)} cannot be decoded`);
  }
  return path.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
