import type { FieldPairs } from './serializer.ts';

/** A request begins. */
export interface Request {
  readonly type: 'request';
  readonly method: string;
  readonly target: string;
  readonly fields: FieldPairs;
  /** The 1 of HTTP/1.1; of a request that was received. */
  readonly minorVersion?: 0 | 1;
}

/** A response begins. */
export interface Response {
  readonly type: 'response';
  readonly status: number;
  readonly reason?: string;
  readonly fields: FieldPairs;
  readonly minorVersion?: 0 | 1;
}

/** A response of 1xx; the real one is still to come. */
export interface InformationalResponse {
  readonly type: 'informational-response';
  readonly status: number;
  readonly reason?: string;
  readonly fields: FieldPairs;
}

/** A piece of a body. */
export interface Data {
  readonly type: 'data';
  readonly data: Uint8Array;
}

/** The message is complete. */
export interface EndOfMessage {
  readonly type: 'end-of-message';
  readonly trailers?: FieldPairs;
}

/** That side sends nothing any more. */
export interface ConnectionClosed {
  readonly type: 'connection-closed';
}

export type Event = Request | Response | InformationalResponse | Data | EndOfMessage | ConnectionClosed;

/** More bytes are needed before there is another event. */
export const NEED_DATA = 'need-data';
/** The peer may not go on before this cycle is over, or another protocol takes its place. */
export const PAUSED = 'paused';
