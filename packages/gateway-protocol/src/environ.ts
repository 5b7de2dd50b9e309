import type { Duplex } from 'node:stream';
import type { HeaderList } from './application.ts';

/**
 * The request body, `environ['wsgi.input']` (PEP 3333, "Input and Error Streams").
 *
 * PEP 3333 reads block; here they return promises. Iterating yields the chunks as they arrive, not lines:
 * that is what a JavaScript reader expects, and what costs no copy.
 */
export interface InputStream extends AsyncIterable<Uint8Array> {
  /**
   * Reads up to `size` bytes, waiting until that many have arrived or the body has ended.
   * Without `size` (or with a negative one) reads to the end. An empty array means the end.
   */
  read(size?: number): Promise<Uint8Array>;
  /** Reads one line, its LF included; at most `size` bytes of it. Empty at the end. */
  readline(size?: number): Promise<Uint8Array>;
  /** Reads the lines that are left; stops after the line with which `hint` bytes are reached. */
  readlines(hint?: number): Promise<Uint8Array[]>;
}

/** The error log of the server, `environ['wsgi.errors']` (PEP 3333, "Input and Error Streams"). */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}

/** A connection that an application took over from the server: see `environ['highball.upgrade']`. */
export interface UpgradedConnection {
  /** The raw connection. The server neither reads from it nor writes to it any more. */
  socket: Duplex;
  /** Bytes that arrived behind the request head and that the server had read already. */
  head: Uint8Array;
}

/**
 * What an application is told about a request: CGI variables (RFC 3875), PEP 3333's `wsgi.*` keys, and the
 * server's own. Strings that came from the client are latin-1: one character a byte (PEP 3333,
 * "Unicode Issues"); {@link decodePath} makes text of `PATH_INFO`.
 *
 * A middleware that changes the address must set `PATH_INFO`, `QUERY_STRING` and `RAW_URI` together.
 */
export interface Environ {
  REQUEST_METHOD: string;
  /** The part of the path at which the application is mounted: empty, or starts with `/`. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded. */
  PATH_INFO: string;
  /** What stands behind `?`, not decoded; empty when there is none. */
  QUERY_STRING: string;
  CONTENT_TYPE?: string;
  CONTENT_LENGTH?: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  /** The client's version: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`. */
  SERVER_PROTOCOL: string;
  /** The client's address; empty on a Unix socket. */
  REMOTE_ADDR?: string;
  REMOTE_PORT?: string;
  /** `on` when the client's scheme is https. */
  HTTPS?: string;
  /** The request target as it was sent, not decoded. */
  RAW_URI?: string;
  'wsgi.version': readonly [major: number, minor: number];
  'wsgi.url_scheme': 'http' | 'https';
  'wsgi.input': InputStream;
  'wsgi.errors': ErrorStream;
  /** Whether another thread of the process may call the application at the same time. */
  'wsgi.multithread': boolean;
  /** Whether another process may call an equivalent application at the same time. */
  'wsgi.multiprocess': boolean;
  /** Whether the application is called only once in the life of its process (as CGI does). */
  'wsgi.run_once': boolean;
  /** `wsgi.input` ends by itself with the body: reading to the end is safe without `CONTENT_LENGTH`. */
  'wsgi.input_terminated'?: boolean;
  /** Sends a 103 Early Hints response (RFC 8297) ahead of the real one. */
  'wsgi.early_hints'?: (headers: HeaderList) => void;
  /**
   * Sends status and fields now, ahead of the body: for a stream whose first piece may be long in coming. Does nothing
   * before start_response or after the first piece.
   */
  'highball.send_head'?: () => void;
  /**
   * Present when the client asks for an upgrade or sends CONNECT. Calling it hands the connection over: from
   * then on the server writes nothing, and ignores what the application returns.
   */
  'highball.upgrade'?: () => UpgradedConnection;
  /** The fields of the request's trailer section, once the body has been read to its end; empty before. */
  'highball.trailers'?: () => HeaderList;
  /** Sends these fields behind a chunked response body (RFC 9112 §7.1.2); callable until the body ends. */
  'highball.send_trailers'?: (trailers: HeaderList) => void;
  /** A signal that is aborted when the client leaves before its answer is complete; made when first asked for. */
  'highball.signal'?: () => AbortSignal;
  /**
   * A signal that is aborted when the server begins to stop, not when one of its workers was replaced: whoever holds a connection for long, a WebSocket or
   * an endless answer, should bring it to an end. One for all requests of a server.
   */
  'highball.draining'?: () => AbortSignal;
  /** The address that a request came with, where rules have given it another: `RAW_URI` as it was sent. */
  'highball.original_uri'?: string | undefined;
  /**
   * The rules of the configuration, or of a rewriting middleware, that fired for the request, by name and in their
   * order: `routes[0], routes[4]`. Absent where there was nothing to choose.
   */
  'highball.rule'?: string | undefined;
  /** A field of the request: upper case, `-` as `_`; repeats are joined. */
  [field: `HTTP_${string}`]: string | undefined;
  /** A server, and a middleware, may add keys of its own. */
  [key: string]: unknown;
}

/**
 * The text of a latin-1 `PATH_INFO` or `SCRIPT_NAME`: its bytes read as UTF-8.
 * @throws TypeError when the bytes are no UTF-8.
 */
export function decodePath(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) > 0x7f) return utf8.decode(Buffer.from(latin1, 'latin1'));
  }
  return latin1;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
