import { emptyInput, type Environ, environKey } from '@highball/gateway-protocol';
import { CommandError } from '../errors.ts';

/** A request as a person writes it. */
export interface WrittenRequest {
  readonly method: string;
  /** A whole URL, or a path of localhost. */
  readonly url: string;
  /** `Name: value`. */
  readonly headers: readonly string[];
  /** The client's address. */
  readonly from: string;
  readonly rootPath: string;
}

const silent = { write: () => undefined, writelines: () => undefined, flush: () => undefined };

/** The environ of a request that nobody has sent. @throws CommandError when the URL or a field is none. */
export function writtenEnviron({ method, url, headers, from, rootPath }: WrittenRequest): Environ {
  const parsed = URL.parse(url, 'http://localhost');
  const path = parsed === null ? undefined : latin1PathOf(parsed.pathname);
  if (parsed === null || path === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new CommandError(`'${url}' cannot be asked for; write /path, or http://host/path`);
  }
  if (rootPath !== '' && path !== rootPath && !path.startsWith(`${rootPath}/`)) {
    throw new CommandError(`'${url}' is not below the root path ${rootPath}: it is answered 404`);
  }
  const scheme = parsed.protocol === 'https:' ? 'https' : 'http';
  const environ: Environ = {
    REQUEST_METHOD: method.toUpperCase(),
    SCRIPT_NAME: rootPath,
    PATH_INFO: path.slice(rootPath.length),
    QUERY_STRING: parsed.search.slice(1),
    RAW_URI: parsed.pathname + parsed.search,
    SERVER_NAME: parsed.hostname,
    SERVER_PORT: parsed.port === '' ? (scheme === 'https' ? '443' : '80') : parsed.port,
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: from,
    HTTP_HOST: parsed.host,
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': scheme,
    'wsgi.input': emptyInput,
    'wsgi.errors': silent,
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': true,
  };
  for (const field of headers) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(field) ?? [];
    if (name === '') throw new CommandError(`'${field}' is no header; write 'Name: value'`);
    environ[environKey(name)] = value;
  }
  return environ;
}

/** As PATH_INFO has it, one character a byte; undefined where the path is no UTF-8. */
function latin1PathOf(path: string): string | undefined {
  try {
    return Buffer.from(decodeURIComponent(path)).toString('latin1');
  } catch {
    return undefined;
  }
}
