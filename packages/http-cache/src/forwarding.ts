import type { ForwardReason } from './cache-status.ts';
import type { Found } from './lookup.ts';
import type { CacheRequest } from './request.ts';

/** A request on its way to the origin. */
export interface Forwarding {
  readonly request: CacheRequest;
  readonly found: Found;
  readonly because: ForwardReason;
  /** Whether it may wait for another, and others for it. */
  readonly share: boolean;
  /** It is known not to be stored: what the client asks goes on unchanged. */
  readonly pass: boolean;
}
