import { type Application, emptyInput, type Environ, type HeaderList } from '@highball/gateway-protocol';

/** An environ as a server makes it of `METHOD target`. */
export function environOf(request: string, more: Partial<Environ> = {}): Environ {
  const [method = 'GET', target = '/'] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    QUERY_STRING: query,
    RAW_URI: target,
    SERVER_NAME: 'localhost',
    SERVER_PORT: '8000',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'localhost:8000',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': emptyInput,
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    ...more,
  };
}

/** What an application answered. */
export interface Answer {
  status: string;
  headers: HeaderList;
  body: string;
}

/** Calls an application as a server does. */
export async function call(app: Application, environ: Environ): Promise<Answer> {
  const answer: Answer = { status: '', headers: [], body: '' };
  const body = await app(environ, (status, headers) => {
    Object.assign(answer, { status, headers });
    return () => undefined;
  });
  for await (const chunk of body)
    answer.body += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
  return answer;
}

/** An application that tells the address it was asked for. */
export const tellAddress: Application = (environ, startResponse) => {
  startResponse('200 OK', []);
  return [`${environ.PATH_INFO}?${environ.QUERY_STRING} ${environ.RAW_URI ?? ''}`];
};
