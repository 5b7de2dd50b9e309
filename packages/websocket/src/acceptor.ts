import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { Connection, type WebSocketConnection } from './connection.ts';
import { HandshakeError, WebSocketUsageError } from './errors.ts';
import { type Handshake, readHandshake } from './handshake.ts';
import { type ResolvedOptions, resolveOptions, type WebSocketOptions } from './options.ts';
import { headerLines } from './response-headers.ts';

/** What is decided for one WebSocket, in the place of what the options say. */
export interface AcceptChoice {
  /** One of those that the client offers; null for none. */
  subprotocol?: string | null;
  /** More fields of the 101 response, behind those of the options. */
  headers?: Readonly<HeaderList>;
}

/** Opens WebSockets on the connections of a gateway server. */
export interface WebSocketAcceptor {
  /**
   * Checks the opening handshake, and changes nothing: for those who decide later.
   * @throws HandshakeError when the request must be refused; it tells how to answer.
   */
  check(environ: Environ): Handshake;
  /**
   * Takes the connection over and opens the WebSocket. From then on the server ignores what the application returns;
   * `[]` will do.
   * @throws HandshakeError as {@link check}, and NO_UPGRADE when the server cannot give the connection away;
   *   WebSocketUsageError BAD_SUBPROTOCOL, BAD_HEADER. Nothing was sent then, but for BAD_EXTENSIONS.
   */
  accept(environ: Environ, choice?: AcceptChoice): WebSocketConnection;
}

/** What ws reads of the request that opens a WebSocket. */
interface UpgradeRequest {
  readonly method: 'GET';
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Not read by ws: for the 'headers' event. */
  readonly extraLines: readonly string[];
}

/**
 * Resolves the options once, for all WebSockets that are opened with them.
 * @throws WebSocketUsageError BAD_OPTION, BAD_HEADER
 */
export function createWebSocketAcceptor(options: WebSocketOptions = {}): WebSocketAcceptor {
  const resolved = resolveOptions(options);
  const server = createServer(resolved);
  const ownLines = headerLines(resolved.headers);
  const check = (environ: Environ): Handshake => {
    const handshake = readHandshake(environ, resolved.allowedOrigins);
    if (environ['highball.upgrade'] === undefined) {
      throw new HandshakeError('NO_UPGRADE', '501 Not Implemented', 'this server opens no WebSockets');
    }
    return handshake;
  };
  const accept = (environ: Environ, choice: AcceptChoice = {}): WebSocketConnection => {
    const handshake = check(environ);
    const subprotocol = chooseSubprotocol(handshake, choice, resolved);
    const extraLines = [...ownLines, ...headerLines(choice.headers ?? [])];
    return open(server, environ, requestOf(handshake, subprotocol, extraLines), resolved);
  };
  return { check, accept };
}

function createServer(options: ResolvedOptions): WebSocketServer {
  const { maxPayloadBytes, closeTimeoutMs, deflate } = options;
  const serverOptions: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: maxPayloadBytes,
    closeTimeout: closeTimeoutMs,
    // Without context takeover zlib's windows are not kept for each connection: about 300 KiB.
    perMessageDeflate:
      deflate === undefined
        ? false
        : {
            threshold: deflate.thresholdBytes,
            serverNoContextTakeover: true,
            clientNoContextTakeover: true,
          },
  };
  const server = new WebSocketServer(serverOptions);
  server.on('headers', (lines, request) => {
    lines.push(...(request as unknown as UpgradeRequest).extraLines);
  });
  return server;
}

/** @throws WebSocketUsageError BAD_SUBPROTOCOL */
function chooseSubprotocol(
  { subprotocols: offered }: Handshake,
  { subprotocol }: AcceptChoice,
  { subprotocols }: ResolvedOptions,
): string | undefined {
  if (subprotocol === undefined) return subprotocols.find((name) => offered.includes(name));
  if (subprotocol === null || offered.includes(subprotocol)) return subprotocol ?? undefined;
  throw new WebSocketUsageError(
    'BAD_SUBPROTOCOL',
    `the client does not offer the subprotocol ${subprotocol}, but ${offered.join(', ') || 'none'}`,
  );
}

/** The request as ws wants it: with the one subprotocol that was chosen, so that ws chooses it as well. */
function requestOf(
  { key, extensions }: Handshake,
  subprotocol: string | undefined,
  extraLines: readonly string[],
): UpgradeRequest {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': key,
    'sec-websocket-version': '13',
    'sec-websocket-protocol': subprotocol,
    'sec-websocket-extensions': extensions,
  };
  return { method: 'GET', headers, extraLines };
}

function open(
  server: WebSocketServer,
  environ: Environ,
  request: UpgradeRequest,
  options: ResolvedOptions,
): WebSocketConnection {
  const { socket, head } = environ['highball.upgrade']!();
  let opened: WebSocket | undefined;
  // Without an asynchronous hook, ws calls back before it returns; it does not when it has refused.
  server.handleUpgrade(
    request as unknown as IncomingMessage,
    socket,
    Buffer.from(head),
    (ws) => (opened = ws),
  );
  if (opened === undefined) {
    throw new HandshakeError('BAD_EXTENSIONS', '400 Bad Request', 'Sec-WebSocket-Extensions cannot be read');
  }
  return new Connection(opened, socket, options, environ['highball.draining']?.());
}
