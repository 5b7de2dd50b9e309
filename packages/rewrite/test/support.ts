import type { Application, Environ, HeaderList } from '@highball/gateway-protocol';
import { rewrite, type RewriteOptions, type Rule } from '../src/index.ts';

/** What came of a request. */
export interface Answer {
  status: string;
  headers: HeaderList;
  /** The Location field. */
  location: string | undefined;
  /** What the application was asked for: path, and query if there is one; undefined when it was not called. */
  asked: string | undefined;
  environ: Environ;
}

/** An environ for `GET /path?query`, as a server would make it. */
export function environOf(address: string, fields: Record<string, string> = {}): Environ {
  const [path = '', query = ''] = address.split('?', 2);
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: Buffer.from(decodeBytes(path), 'latin1').toString('latin1'),
    QUERY_STRING: query,
    RAW_URI: address,
    SERVER_NAME: '127.0.0.1',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'www.example.com',
    'wsgi.url_scheme': 'http',
    ...fields,
  } as unknown as Environ;
}

function decodeBytes(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Sends one request through rules. */
export function ask(
  rules: readonly Rule[],
  address: string,
  fields: Record<string, string> = {},
  options: RewriteOptions = {},
): Answer {
  const answer: Answer = {
    status: '',
    headers: [],
    location: undefined,
    asked: undefined,
    environ: environOf(address, fields),
  };
  const app: Application = (environ, startResponse) => {
    answer.environ = environ;
    answer.asked = environ.PATH_INFO + (environ.QUERY_STRING && `?${environ.QUERY_STRING}`);
    startResponse('200 OK', []);
    return [];
  };
  void rewrite(rules, options)(app)(answer.environ, (status, headers) => {
    answer.status = status;
    answer.headers = headers;
    return () => undefined;
  });
  answer.location = answer.headers.find(([name]) => name === 'Location')?.[1];
  return answer;
}
