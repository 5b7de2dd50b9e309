import type { HeaderList } from '@highball/gateway-protocol';

/** What the fields of an application say about how its response is sent. */
export interface HeaderFacts {
  /** -1 without a Content-Length. */
  contentLength: number;
  hasDate: boolean;
  hasServer: boolean;
  close: boolean;
}

/** Fields that belong to the connection and not to the application (PEP 3333, "Other HTTP Features"). */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['keep-alive', 'te', 'transfer-encoding', 'upgrade']);
const LENGTHS_OF_INTEREST = new Set([2, 4, 6, 7, 10, 14, 17]);

/**
 * Reads what an application's fields mean for the server.
 * @throws Error when they name a hop-by-hop field, other than `Connection: close` and 426's Upgrade, or a
 *   Content-Length that is none.
 */
export function readHeaders(status: string, headers: HeaderList): HeaderFacts {
  const facts: HeaderFacts = { contentLength: -1, hasDate: false, hasServer: false, close: false };
  for (const [name, value] of headers) {
    // Most names are of no interest here; their length tells without lower-casing them.
    if (!LENGTHS_OF_INTEREST.has(name.length)) continue;
    note(facts, status, name.toLowerCase(), value);
  }
  return facts;
}

function note(facts: HeaderFacts, status: string, name: string, value: string): void {
  if (name === 'content-length') facts.contentLength = readLength(value, facts.contentLength);
  else if (name === 'date') facts.hasDate = true;
  else if (name === 'server') facts.hasServer = true;
  else if (name === 'connection') facts.close = readConnection(value);
  else if (HOP_BY_HOP.has(name) && !(name === 'upgrade' && status.startsWith('426'))) {
    throw new Error(
      `the application must not send ${name}: it belongs to the connection, which is the server's`,
    );
  }
}

function readLength(value: string, before: number): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(length))
    throw new Error(`the Content-Length '${value}' of the application is no number`);
  if (before !== -1) throw new Error('the application sends Content-Length twice');
  return length;
}

function readConnection(value: string): boolean {
  if (value.toLowerCase() === 'close') return true;
  throw new Error(`the application must not send 'Connection: ${value}'; only 'close' means something there`);
}

/** Whether a response ends with its head (RFC 9112 §6.3). */
export function isBodiless(method: string, status: string): boolean {
  return method === 'HEAD' || status.startsWith('1') || status.startsWith('204') || status.startsWith('304');
}

/** A plain page for what the server itself has to say. */
export function errorPage(status: number): { status: string; headers: HeaderList; body: string } {
  const line = `${status} ${REASONS[status] ?? 'Error'}`;
  return { status: line, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: `${line}\n` };
}

/** RFC 9110 §15, RFC 6585: what the server answers by itself. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
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
