import type { Application, Environ, HeaderList } from '@highball/gateway-protocol';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What was answered. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Whether the application answered without a promise. */
  synchronous: boolean;
}

/** Calls an application with a request, as a server would have packed it. */
export async function ask(
  app: Application,
  request: string,
  fields: Record<string, string> = {},
): Promise<Answer> {
  const answer: Answer = { status: 0, headers: {}, body: '', synchronous: false };
  const returned = app(environOf(request, fields), (status: string, headers: HeaderList) => {
    answer.status = Number(status.slice(0, 3));
    answer.headers = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
    return () => undefined;
  });
  answer.synchronous = !(returned instanceof Promise);
  const body = await returned;
  for await (const chunk of body)
    answer.body += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
  await body.close?.();
  return answer;
}

export function environOf(request: string, fields: Record<string, string> = {}): Environ {
  const [method = 'GET', target = '/'] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  const keys = Object.entries(fields).map(([name, value]) => [
    `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
    value,
  ]);
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    QUERY_STRING: query,
    RAW_URI: target,
    ...Object.fromEntries(keys),
  } as Environ;
}

/** Bytes of the heap in use after a garbage collection. */
export function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
