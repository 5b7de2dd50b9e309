import { clientOf, RemoteProtocolError, requestHeadOf, type Variables } from '@highball/cgi-protocols';
import type { ConnectionFacts } from '@highball/environ';
import { isHost, type ParserOptions, type RequestHead } from '@highball/http-parser';
import { isIP } from 'node:net';

/** A request as a web server tells of it, and what it says besides. */
export interface UwsgiHead extends RequestHead {
  /** The web server's client, in its place. */
  readonly client: ConnectionFacts;
  /** What goes into the environ as it is: name, value, name, value… */
  readonly variables: readonly string[];
}

/** What the environ has of the head and the client already. */
const TOLD: ReadonlySet<string> = new Set([
  'REQUEST_METHOD',
  'PATH_INFO',
  'QUERY_STRING',
  'CONTENT_LENGTH',
  'CONTENT_TYPE',
  'REMOTE_ADDR',
  'REMOTE_PORT',
  'RAW_URI',
  'HTTPS',
]);
/** Variables may have any name; those that a program could ask for are kept. */
const KEPT_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Visible ASCII without `=`, as in the environment of a process. */
const NAME = /^[!-<>-~]+$/;

/**
 * Makes a request head of variables.
 * @throws RemoteProtocolError of cgi-protocols for what could not have stood in a request, or is over a limit.
 */
export function uwsgiHead(
  variables: Variables,
  contentLength: number,
  peer: ConnectionFacts,
  limits: ParserOptions,
): UwsgiHead {
  const head = requestHeadOf(variables, contentLength);
  if (head.method === 'CONNECT') throw refused('CONNECT: uwsgi has no tunnels');
  if (head.host !== undefined && !isHost(head.host)) throw refused('HTTP_HOST is no name or address');
  checkLimits(head, limits);
  return {
    ...head,
    // A 1.0 gets no chunks, no 1xx and no trailers, which this protocol has no place for.
    minorVersion: 0,
    repeated: false,
    chunked: false,
    keepAlive: false,
    upgrade: undefined,
    expectContinue: false,
    client: clientFacts(variables, peer),
    variables: environVariables(variables),
  };
}

function checkLimits(
  { method, target, fields }: Pick<RequestHead, 'method' | 'target' | 'fields'>,
  limits: ParserOptions,
): void {
  const { maxRequestLineBytes = Infinity, maxFields = Infinity, maxFieldBytes = Infinity } = limits;
  // As it would stand in HTTP: two spaces, and the version.
  if (method.length + target.length + 10 > maxRequestLineBytes) {
    throw new RemoteProtocolError(
      'HEAD_TOO_LARGE',
      `a request line of more than ${maxRequestLineBytes} bytes`,
    );
  }
  if (fields.length / 2 > maxFields) {
    throw new RemoteProtocolError('TOO_MANY_FIELDS', `more than ${maxFields} fields`);
  }
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.length + fields[i + 1]!.length + 2 <= maxFieldBytes) continue;
    throw new RemoteProtocolError(
      'HEAD_TOO_LARGE',
      `the field ${fields[i]} has more than ${maxFieldBytes} bytes`,
    );
  }
}

/** Who asked. Without an address nothing can be said of trust, and to take the web server's would be to trust all. */
function clientFacts(variables: Variables, peer: ConnectionFacts): ConnectionFacts {
  const client = clientOf(variables);
  // What nginx says of clients that come over a Unix socket.
  const unix = client.remoteAddress === 'unix:';
  if (!unix && isIP(client.remoteAddress) === 0) throw refused('REMOTE_ADDR is no address');
  return {
    ...client,
    remoteAddress: unix ? '' : client.remoteAddress,
    localAddress: client.localAddress || peer.localAddress,
    localPort: client.localPort || peer.localPort,
    unix,
  };
}

function environVariables(variables: Variables): string[] {
  const kept: string[] = [];
  for (let i = 0; i < variables.length; i += 2) {
    const name = variables[i] as string;
    const value = variables[i + 1] as string;
    if (!NAME.test(name)) throw refused(`the variable ${JSON.stringify(name.slice(0, 40))}`);
    if (value.includes('\0')) throw refused(`NUL in ${name}`);
    if (name.startsWith('HTTP_') || TOLD.has(name) || !KEPT_NAME.test(name)) continue;
    kept.push(name, value);
  }
  return kept;
}

function refused(message: string): RemoteProtocolError {
  return new RemoteProtocolError('BAD_REQUEST', message);
}
