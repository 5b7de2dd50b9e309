import type { AsgiReceiveEvent, AsgiSendEvent } from './asgi-events.ts';
import type { HeaderField } from './application.ts';

/**
 * The event-shaped contract, ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/): an application is called
 * once a request, once a WebSocket, and once for the life of its event loop.
 *
 * Where ASGI says "byte string" of something that stands in the head of a message (`raw_path`,
 * `query_string`, names and values of fields), here is a latin-1 string, one character a byte, as in
 * `Environ`: the same bytes, without a copy, and what every JavaScript parser takes. Bodies and binary
 * messages are `Uint8Array`. Where ASGI says `None`, here is `null`.
 *
 * @param scope - what the call is about; told apart by `type`.
 * @param receive - resolves with the next event from the client.
 * @param send - sends an event; resolves when the server has room for the next.
 * @returns when the application is done with the request, the WebSocket, or its life.
 */
export type AsgiApplication = (scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) => Promise<void>;

/** Resolves with the next event from the client. One call at a time. */
export type AsgiReceive = () => Promise<AsgiReceiveEvent>;

/**
 * Sends an event. Rejects when the event makes no sense at this point, and when the client is gone
 * (ASGI HTTP spec 2.4, "Disconnected Client").
 */
export type AsgiSend = (event: AsgiSendEvent) => Promise<void>;

/** What an application is called about. */
export type AsgiScope = HttpScope | WebSocketScope | LifespanScope;

/** The versions of the contract that the server speaks. */
export interface AsgiVersions {
  /** Of ASGI itself. */
  version: '3.0';
  /** Of the specification of this kind of scope; `2.5` for http and websocket, `2.0` for lifespan. */
  spec_version: string;
}

/** Host and port; of a Unix socket, its path and null. */
export type AsgiAddress = readonly [host: string, port: number | null];

/** What the lifespan scope was filled with; each request gets a shallow copy of it. */
export type AsgiState = Record<string, unknown>;

/** What the server can do beyond the specification, by name; the keys that it knows are typed. */
export interface AsgiExtensions {
  /** `http.response.trailers` may be sent. */
  'http.response.trailers'?: object;
  /** `http.response.early_hint` may be sent. */
  'http.response.early_hint'?: object;
  /** A WebSocket may be refused with a response of one's own. */
  'websocket.http.response'?: object;
  /** A server may have extensions of its own. */
  [name: string]: object | undefined;
}

/** What http and websocket scopes have in common. */
interface ConnectionScope {
  asgi: AsgiVersions;
  http_version: '1.0' | '1.1' | '2' | '3';
  /** The path in full, with that of the mount point; percent-decoded, then read as UTF-8. */
  path: string;
  /** The path as it was sent, without the query; latin-1. */
  raw_path: string;
  /** What stands behind `?`, percent-encoded as it was sent; latin-1. Empty when there is none. */
  query_string: string;
  /** Where the application is mounted: a prefix of `path`, empty at the root. */
  root_path: string;
  /** The fields in the order in which they came, repeats kept; names in lower case, latin-1. */
  headers: readonly HeaderField[];
  /** Null where the server cannot tell, as on a Unix socket. */
  client: AsgiAddress | null;
  /** Null where the server cannot tell. */
  server: AsgiAddress | null;
  /** Missing when the application does not speak lifespan to this server. */
  state?: AsgiState;
  extensions?: AsgiExtensions;
}

/** A request (ASGI HTTP spec, "HTTP Connection Scope"). */
export interface HttpScope extends ConnectionScope {
  type: 'http';
  /** In upper case. */
  method: string;
  scheme: 'http' | 'https';
}

/** A WebSocket that a client wants to open (ASGI WebSocket spec, "Websocket Connection Scope"). */
export interface WebSocketScope extends ConnectionScope {
  type: 'websocket';
  scheme: 'ws' | 'wss';
  /** What the client offers, in its order of preference. */
  subprotocols: readonly string[];
}

/** The life of the application in one event loop (ASGI Lifespan spec, "Scope"). */
export interface LifespanScope {
  type: 'lifespan';
  asgi: AsgiVersions;
  /** To be filled at startup with what requests need. */
  state?: AsgiState;
}
