import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type {
  Application,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { type GatewayBreach, type RuleCode, validate } from '../src/index.ts';

export const PLAIN: HeaderList = [['Content-Type', 'text/plain']];

/** An application, or something that only says so. */
export type Anything = (environ: Environ, startResponse: StartResponse) => unknown;

/** An environ as a good server makes it. */
export function goodEnviron(changes: Record<string, unknown> = {}): Environ {
  const controller = new AbortController();
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/caf\u00c3\u00a9',
    QUERY_STRING: 'a=%20b',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '8080',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '40000',
    RAW_URI: '/caf%C3%A9?a=%20b',
    HTTP_HOST: 'localhost:8080',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': inputOf([Buffer.from('one\n'), Buffer.from('two')]),
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.input_terminated': true,
    'wsgi.early_hints': () => undefined,
    'highball.upgrade': () => ({ socket: {} as never, head: new Uint8Array() }),
    'highball.trailers': () => [],
    'highball.send_trailers': () => undefined,
    'highball.signal': () => controller.signal,
    ...changes,
  };
}

/** An input that gives these pieces, whatever is asked for. */
export function inputOf(pieces: readonly unknown[]): Environ['wsgi.input'] {
  const left = [...pieces];
  const take = (): Promise<never> => Promise.resolve((left.shift() ?? new Uint8Array()) as never);
  return {
    read: take,
    readline: take,
    readlines: take,
    async *[Symbol.asyncIterator]() {
      while (left.length > 0) yield left.shift() as Uint8Array;
    },
  };
}

/** What happened in a trial. */
export interface Trial {
  readonly codes: RuleCode[];
  readonly breaches: GatewayBreach[];
  /** The application behind the validator. */
  readonly guard: (app: Anything) => Application;
}

/** A trial whose breaches are collected. */
export function collect(): Trial {
  const breaches: GatewayBreach[] = [];
  const codes: RuleCode[] = [];
  const onBreach = (breach: GatewayBreach): void => {
    breaches.push(breach);
    codes.push(breach.code);
  };
  return { codes, breaches, guard: (app) => validate(app as Application, { onBreach }) };
}

/** A start_response that takes everything. */
export const lenientStart: StartResponse = () => () => undefined;

/** Plays a good server: iterates the body to its end, then closes it. */
export async function play(
  app: Application,
  environ: Environ = goodEnviron(),
  startResponse: StartResponse = lenientStart,
): Promise<unknown[]> {
  const body: unknown = await app(environ, startResponse);
  const pieces: unknown[] = [];
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return pieces;
  try {
    if (Symbol.iterator in body || Symbol.asyncIterator in body)
      for await (const piece of body as AsyncIterable<unknown>) pieces.push(piece);
  } finally {
    const { close } = body as ResponseBody;
    if (typeof close === 'function') await close.call(body);
  }
  return pieces;
}

/** Collects garbage until something is so, or it will not be. */
export async function collectGarbage(isSo: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let round = 0; round < 50 && !isSo(); round++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
