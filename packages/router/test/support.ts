import type { Application, Environ, HeaderList, StartResponse } from '@highball/gateway-protocol';

/** What was answered. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** An application that says which it is, and what it sees. */
export function says(name: string): Application {
  return (environ, startResponse) =>
    text(startResponse, `${name} ${environ.SCRIPT_NAME}|${environ.PATH_INFO}`);
}

/** Answers with a text. */
export function text(startResponse: StartResponse, body: string): string[] {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [body];
}

/** Asks an application, as a server would: `ask(app, 'GET /a?b')`. */
export async function ask(
  app: Application,
  request: string,
  changes: Partial<Environ> = {},
): Promise<Answer> {
  const answer: Answer = { status: 0, headers: {}, body: '' };
  const start = (status: string, headers: HeaderList): (() => void) => {
    answer.status = Number(status.slice(0, 3));
    answer.headers = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
    return () => undefined;
  };
  for await (const piece of await app({ ...environOf(request), ...changes } as Environ, start))
    answer.body += String(piece);
  return answer;
}

/** The environ of a request, with its path decoded to bytes. */
export function environOf(request: string): Environ {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    QUERY_STRING: query,
    RAW_URI: target,
  } as Environ;
}
