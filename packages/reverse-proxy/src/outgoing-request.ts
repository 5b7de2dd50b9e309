import type { Environ } from '@highball/gateway-protocol';
import type { BodySource } from './body-source.ts';
import type { SentFields } from './sent-fields.ts';

/** A request as an upstream is to get it, whatever it speaks. */
export interface OutgoingRequest {
  readonly environ: Environ;
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly target: string;
  /** Without those that frame the message; shared with other requests. */
  readonly fields: SentFields;
  /** Behind them, flat: those that each request has for itself, such as its id. */
  readonly ownFields: readonly string[];
  /** Undefined without a length; of a body without one the length is not known. */
  readonly contentLength: number | undefined;
  readonly body: BodySource | undefined;
  readonly upgrade: string | undefined;
  /** Whether the body waits for 100 Continue. */
  readonly expectsContinue: boolean;
}
