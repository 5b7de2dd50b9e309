import {
  type Application,
  closeBody,
  type Environ,
  environKey,
  type HeaderList,
  isAsyncBody,
  type ResponseBody,
} from '@highball/gateway-protocol';
import { type HttpCache, httpCache, type HttpCacheOptions } from '../src/index.ts';

/** A request as a test writes it. */
export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly keys?: Partial<Environ>;
}

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number;
  readonly fields: HeaderList;
  readonly body: string;
  /** The value of a field, its lines joined. */
  get(name: string): string | undefined;
}

export function environOf({ method = 'GET', path = '/', fields = {}, keys = {} }: Ask): Environ {
  const [pathInfo = '', query = ''] = path.split('?');
  const environ: Environ = {
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: pathInfo,
    QUERY_STRING: query,
    RAW_URI: path,
    SERVER_NAME: 'site.example',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'site.example',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': {
      read: async () => new Uint8Array(),
      readline: async () => new Uint8Array(),
      readlines: async () => [],
      async *[Symbol.asyncIterator]() {
        // Empty.
      },
    },
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': true,
    'wsgi.run_once': false,
  };
  for (const [name, value] of Object.entries(fields)) {
    environ[name === 'Content-Type' ? 'CONTENT_TYPE' : environKey(name)] = value;
  }
  return Object.assign(environ, keys);
}

/** Sends a request; the head is there, the body is read as the test wants. */
export async function begin(
  app: Application,
  request: Ask = {},
): Promise<{ status: number; fields: HeaderList; body: ResponseBody }> {
  let status = '';
  let fields: HeaderList = [];
  const body = await app(environOf(request), (line, headers) => {
    status = line;
    fields = headers;
    return () => undefined;
  });
  return { status: Number(status.slice(0, 3)), fields, body };
}

/** Sends a request and reads all of the answer. */
export async function ask(app: Application, request: Ask = {}): Promise<Answer> {
  const { status, fields, body } = await begin(app, request);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of isAsyncBody(body) ? body : (body as Iterable<string | Uint8Array>)) {
      chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    }
  } finally {
    await closeBody(body);
  }
  return {
    status,
    fields,
    body: Buffer.concat(chunks).toString('latin1'),
    get(name) {
      const values = fields.filter(([field]) => field.toLowerCase() === name.toLowerCase());
      return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ');
    },
  };
}

/** What a test's origin answers to its nth request. */
export interface OriginAnswer {
  readonly status?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: ResponseBody;
}

/** An origin that keeps what it was asked, and a cache in front of it whose clock stands still. */
export class Bench {
  readonly requests: Environ[] = [];
  readonly cache: HttpCache;
  readonly app: Application;
  nowMs: number = Date.parse('2030-01-01T00:00:00Z');

  constructor(
    answer: (environ: Environ, index: number) => OriginAnswer | Promise<OriginAnswer>,
    options: HttpCacheOptions = {},
  ) {
    this.cache = httpCache({ now: () => this.nowMs, ...options });
    this.app = this.cache(async (environ, startResponse) => {
      const index = this.requests.push(environ) - 1;
      const { status = '200 OK', fields = {}, body = [`answer ${index + 1}`] } = await answer(environ, index);
      startResponse(status, Object.entries(fields));
      return body;
    });
  }

  /** How many requests have reached the origin. */
  get asked(): number {
    return this.requests.length;
  }

  wait(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  ask(request: Ask = {}): Promise<Answer> {
    return ask(this.app, request);
  }
}

/** A promise, and what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Lets all that is ready happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
