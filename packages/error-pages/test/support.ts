import type { Application, Environ, HeaderList, ResponseBody } from '@highball/gateway-protocol';

/** What a browser sends when a page is to be shown. */
export const BROWSER =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

/** An environ of a browser's GET with these keys. */
export function environOf(keys: Record<string, unknown> = {}): Environ {
  return { REQUEST_METHOD: 'GET', PATH_INFO: '/', HTTP_ACCEPT: BROWSER, ...keys } as never;
}

/** What came out of an application, as a server sees it. */
export interface Played {
  readonly status: string;
  readonly headers: HeaderList;
  readonly body: string;
  /** Whether the body was there without a promise. */
  readonly synchronous: boolean;
  /** The value of a field, all its occurrences joined; undefined when there is none. */
  field(name: string): string | undefined;
}

/** Plays a server: calls the application, iterates its body to the end, closes it. */
export async function play(app: Application, environ: Environ = environOf()): Promise<Played> {
  let head: [string, HeaderList] = ['', []];
  let sent = '';
  const take = (piece: Uint8Array | string): void =>
    void (sent += Buffer.from(piece as Uint8Array).toString());
  const returned = app(environ, (status, headers) => {
    head = [status, headers];
    return take;
  });
  const body: ResponseBody = await returned;
  for await (const piece of body) take(piece);
  await body.close?.();
  const [status, headers] = head;
  const field = (name: string): string | undefined => {
    const values = headers.filter(([given]) => given.toLowerCase() === name.toLowerCase());
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(' | ');
  };
  return { status, headers, body: sent, synchronous: Array.isArray(returned), field };
}

/** An application that answers this. */
export function answering(status: string, headers: HeaderList, body: ResponseBody): Application {
  return (_, startResponse) => {
    startResponse(status, headers);
    return body;
  };
}

/** A body that comes piece by piece. */
export async function* piecewise(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}
