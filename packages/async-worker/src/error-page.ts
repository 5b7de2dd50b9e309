import type { Environ, HeaderList, Log } from '@highball/gateway-protocol';
import { serializeResponseHead } from '@highball/http-parser';
import { Buffer } from 'node:buffer';

/** RFC 9110 §15, RFC 6585: what the server answers by itself. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** What the server itself has to say, in place of an application. */
export interface ErrorPage {
  /** As in `'431 Request Header Fields Too Large'`. */
  readonly status: string;
  /** What the body needs; not Content-Length, nor other fields of the connection. */
  readonly headers: HeaderList;
  readonly body: string;
}

/**
 * Makes a page.
 * @param environ - of the request, where one could be made of it.
 */
export type MakeErrorPage = (status: number, environ?: Environ) => ErrorPage;

/** A plain page. It tells nothing of the inside. */
export function plainPage(status: number): ErrorPage {
  const line = `${status} ${REASONS[status] ?? 'Error'}`;
  return { status: line, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: `${line}\n` };
}

/** Pages of somebody else's making, checked; where they cannot be sent the log says so, and plain ones are. */
export function checkedPages(make: MakeErrorPage | undefined, log: Log): MakeErrorPage {
  if (make === undefined) return plainPage;
  return (status, environ) => {
    try {
      return checkPage(status, make(status, environ));
    } catch (err) {
      log.error('the hook errorPage failed', { err, status });
      return plainPage(status);
    }
  };
}

const OF_THE_SERVER =
  /^(connection|content-length|date|keep-alive|server|trailer|transfer-encoding|upgrade)$/i;

function checkPage(status: number, page: ErrorPage): ErrorPage {
  if (!page.status.startsWith(`${status} `))
    throw new TypeError(`the page says ${page.status}, not ${status}`);
  if (typeof page.body !== 'string') throw new TypeError('the body of the page is no string');
  const own = page.headers.find(([name]) => OF_THE_SERVER.test(name));
  if (own !== undefined) throw new TypeError(`the page has ${own[0]}, which is the server's`);
  serializeResponseHead(page.status, page.headers);
  return page;
}

/**
 * The whole answer to a request that reaches no application, as latin-1; the connection closes behind it.
 * @param serverLines - ready lines: Date, Server.
 */
export function refusal(
  { status, headers, body }: ErrorPage,
  serverLines: string,
  withBody: boolean,
): string {
  const bytes = Buffer.from(body);
  const lines = `${serverLines}Content-Length: ${bytes.length}\r\nConnection: close\r\n`;
  return serializeResponseHead(status, headers, lines) + (withBody ? bytes.toString('latin1') : '');
}
