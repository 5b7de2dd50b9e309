import type { Application, Environ, HeaderList, InputStream } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import type { LimitsLog } from '../src/index.ts';
import type { After } from '../src/wait.ts';

/** An environ of a request, as a server would make it. */
export function environOf(fields: Record<string, unknown> = {}): Environ {
  const input: InputStream = {
    read: () => Promise.resolve(new Uint8Array()),
    readline: () => Promise.resolve(new Uint8Array()),
    readlines: () => Promise.resolve([]),
    async *[Symbol.asyncIterator]() {},
  };
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '203.0.113.1',
    REMOTE_PORT: '4711',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': input,
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    ...fields,
  };
}

export const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['hello'];
};

/** What came of a request. */
export interface Answer {
  status: number;
  headers: HeaderList;
  retryAfter: number | undefined;
  environ: Environ;
  /** Closes the body, as a server does at the end. */
  close(): void | Promise<void>;
}

/** Calls an application as a server does, but leaves the body open. Both sides keep to the protocol, or it throws. */
export async function call(app: Application, fields: Record<string, unknown> = {}): Promise<Answer> {
  const environ = environOf(fields);
  let status = 0;
  let headers: HeaderList = [];
  const body = await validate(app)(environ, (line, list) => {
    status = Number(line.slice(0, 3));
    headers = list;
    return () => undefined;
  });
  for await (const _ of body as AsyncIterable<unknown>);
  const retry = headers.find(([name]) => name === 'Retry-After')?.[1];
  return {
    status,
    headers,
    retryAfter: retry === undefined ? undefined : Number(retry),
    environ,
    close: () => body.close?.(),
  };
}

/** Time that a test moves by hand. */
export class ManualTime {
  ms = 1_000_000;
  #waiting: { at: number; callback: () => void }[] = [];
  readonly now = (): number => this.ms;
  readonly after: After = (ms, callback) => {
    const entry = { at: this.ms + ms, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets time pass, and what was waiting for it run. */
  async pass(ms: number): Promise<void> {
    this.ms += ms;
    const due = this.#waiting.filter(({ at }) => at <= this.ms);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.ms);
    for (const { callback } of due) callback();
    await turn();
  }
}

/** Lets everything run that is ready to. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What limits tell. */
export class Lines implements LimitsLog {
  readonly lines: { level: string; message: string; details?: object | undefined }[] = [];

  error(message: string, details?: object): void {
    this.lines.push({ level: 'error', message, details });
  }

  warn(message: string, details?: object): void {
    this.lines.push({ level: 'warn', message, details });
  }

  info(message: string, details?: object): void {
    this.lines.push({ level: 'info', message, details });
  }
}

export const silent: LimitsLog = { error: () => undefined, warn: () => undefined, info: () => undefined };
