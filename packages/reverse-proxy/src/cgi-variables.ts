import { decodePercent } from './target.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** What is configured of the variables of CGI protocols. */
export interface CgiVariableOptions {
  readonly documentRoot: string | undefined;
  readonly scriptFilename: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The variables of a request (RFC 3875 §4.1), flat, those that nginx's uwsgi_params and fastcgi_params send. The field
 * Proxy does not become one: it would be the HTTP_PROXY of programs (httpoxy, CVE-2016-5385).
 */
export function cgiVariables(request: OutgoingRequest, options: CgiVariableOptions): string[] {
  const { environ, method, target, contentLength } = request;
  const mark = target.indexOf('?');
  const path = decodePercent(mark === -1 ? target : target.slice(0, mark));
  const script = scriptOf(path, options);
  const https = environ['wsgi.url_scheme'] === 'https';
  const variables = [
    'QUERY_STRING', mark === -1 ? '' : target.slice(mark + 1),
    'REQUEST_METHOD', method,
    'CONTENT_LENGTH', contentLength === undefined ? '' : String(contentLength),
    'REQUEST_URI', target,
    'DOCUMENT_URI', path,
    'SCRIPT_NAME', script.name,
    'PATH_INFO', script.pathInfo,
    'SERVER_PROTOCOL', environ.SERVER_PROTOCOL,
    'REQUEST_SCHEME', environ['wsgi.url_scheme'],
    'GATEWAY_INTERFACE', 'CGI/1.1',
    'REMOTE_ADDR', environ.REMOTE_ADDR ?? '',
    'REMOTE_PORT', environ.REMOTE_PORT ?? '',
    'SERVER_NAME', environ.SERVER_NAME,
    'SERVER_PORT', environ.SERVER_PORT,
    // PHP does not answer without it when it was built with force-cgi-redirect.
    'REDIRECT_STATUS', '200',
  ]; // prettier-ignore
  if (https) variables.push('HTTPS', 'on');
  if (options.documentRoot !== undefined) variables.push('DOCUMENT_ROOT', options.documentRoot);
  if (script.filename !== undefined) variables.push('SCRIPT_FILENAME', script.filename);
  pushFields(variables, [...request.fields.list, ...request.ownFields]);
  for (const [name, value] of Object.entries(options.params)) variables.push(name, value);
  return variables;
}

function pushFields(variables: string[], fields: readonly string[]): void {
  let type = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toUpperCase().replaceAll('-', '_');
    const value = fields[i + 1] as string;
    if (name === 'CONTENT_TYPE') type = value;
    else if (name !== 'PROXY') variables.push(`HTTP_${name}`, value);
  }
  variables.push('CONTENT_TYPE', type);
}

/** Which program a path means; an application has all paths below its own. */
function scriptOf(
  path: string,
  { documentRoot, scriptFilename }: CgiVariableOptions,
): { name: string; pathInfo: string; filename: string | undefined } {
  // One program for everything: the path is its own business.
  if (scriptFilename !== undefined) {
    const name = documentRoot !== undefined && scriptFilename.startsWith(`${documentRoot}/`)
      ? scriptFilename.slice(documentRoot.length)
      : ''; // prettier-ignore
    return { name, pathInfo: path, filename: scriptFilename };
  }
  if (documentRoot === undefined) return { name: '', pathInfo: path, filename: undefined };
  // `/blog/index.php/2026` runs `/blog/index.php`: nginx's fastcgi_split_path_info as its documents have it. Only a
  // path without dot segments names a file: what leaves the root is nobody's program.
  const safe = /\0|(?:^|\/)\.\.(?:\/|$)/.test(path) ? '/' : path;
  const [, script = safe, info = ''] = /^(.+?\.php)(\/.*)?$/.exec(safe) ?? [];
  return { name: script, pathInfo: info, filename: documentRoot + script };
}
