import type { HeaderList } from '@highball/gateway-protocol';
import { serializeResponseHead } from '@highball/http-parser';

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

/** A plain page for what the server itself has to say. It tells nothing of the inside. */
export interface ErrorPage {
  readonly status: string;
  readonly headers: HeaderList;
  readonly body: string;
}

export function errorPage(status: number): ErrorPage {
  const line = `${status} ${REASONS[status] ?? 'Error'}`;
  return { status: line, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: `${line}\n` };
}

/**
 * The whole answer to a request that reaches no application; the connection closes behind it.
 * @param serverLines - ready lines: Date, Server.
 */
export function refusal(status: number, serverLines: string, withBody: boolean): string {
  const { status: line, headers, body } = errorPage(status);
  const lines = `${serverLines}Content-Length: ${body.length}\r\nConnection: close\r\n`;
  return serializeResponseHead(line, headers, lines) + (withBody ? body : '');
}
