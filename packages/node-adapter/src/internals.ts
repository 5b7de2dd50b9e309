import type { IncomingMessage, ServerResponse } from 'node:http';
import { http } from './builtin-http.ts';

/**
 * The only place that touches what Node does not document. Each thing is tried once, at load; where a Node lacks
 * it, the documented way beside it is taken, and what that costs is said there.
 */

interface HeaderLines {
  _addHeaderLines?: (lines: string[], count: number) => void;
}

interface HeadState {
  _header: string | null;
  _closed: boolean;
  _hasBody: boolean;
}

/** What stands in `_header` of a response whose head is on its way; libraries only ask whether it is empty. */
const SENT = 'HTTP/1.1\r\n\r\n';

const probe = (): ServerResponse =>
  new http.ServerResponse(
    Object.assign(new http.IncomingMessage(null as never), { httpVersionMajor: 1, httpVersionMinor: 1 }),
  );

/** Whether a request works out its fields by itself, and only when they are asked for. */
const addsLines = ((): boolean => {
  const message = new http.IncomingMessage(null as never);
  const { _addHeaderLines } = message as HeaderLines;
  if (typeof _addHeaderLines !== 'function') return false;
  _addHeaderLines.call(message, ['X-Probe', 'a', 'x-probe', 'b'], 4);
  return message.headers['x-probe'] === 'a, b' && message.headersDistinct['x-probe']?.length === 2;
})();

/** Whether `_header` is what tells setHeader that it comes too late. */
const headerTells = ((): boolean => {
  const response = probe() as unknown as HeadState & ServerResponse;
  response._header = SENT;
  try {
    response.setHeader('X-Probe', 'late');
    return false;
  } catch {
    return response.headersSent;
  }
})();

/**
 * Gives a request its fields, or when it is complete its trailers.
 * @param lines - flat: name, value, name, value…
 */
export function giveFields(request: IncomingMessage, lines: string[], trailers = false): void {
  if (addsLines) {
    (request as unknown as Required<HeaderLines>)._addHeaderLines(lines, lines.length);
    return;
  }
  giveFieldsPlainly(request, lines, trailers);
}

/** The documented way: assigning. It joins repeats by a comma, and knows no field of which only the first counts. */
export function giveFieldsPlainly(request: IncomingMessage, lines: string[], trailers: boolean): void {
  const joined: Record<string, string> = {};
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase();
    const value = lines[i + 1] as string;
    joined[name] = joined[name] === undefined ? value : `${joined[name]}, ${value}`;
  }
  if (trailers) Object.assign(request, { rawTrailers: lines, trailers: joined });
  else Object.assign(request, { rawHeaders: lines, headers: joined });
}

/**
 * The names of a response's fields as setHeader got them, in its order. Node documents it for client requests only,
 * though every outgoing message has it; else they are in lower case.
 */
export function rawNames(response: ServerResponse): string[] {
  const { getRawHeaderNames } = response as ServerResponse & { getRawHeaderNames?: () => string[] };
  return getRawHeaderNames === undefined ? response.getHeaderNames() : getRawHeaderNames.call(response);
}

/**
 * Tells Node's own methods that the head has been sent: from then on setHeader throws, `headersSent` is true.
 * Without `_header` only the latter can be had.
 */
export function markHeadSent(response: ServerResponse): void {
  if (headerTells) (response as unknown as HeadState)._header = SENT;
  else Object.defineProperty(response, 'headersSent', { value: true, configurable: true });
}

/** Tells `stream.finished` and `response.closed` that the 'close' event has been. Nothing else depends on it. */
export function markClosed(response: ServerResponse): void {
  if ('_closed' in response) (response as unknown as HeadState)._closed = true;
}
