import type { PeerOptions } from '../peer.ts';

/** What a source found. */
export interface Discovered {
  readonly peers: readonly PeerOptions[];
  /** How long this holds; undefined: until the interval is over. */
  readonly ttlMs?: number | undefined;
}

/** Where peers come from. */
export interface Source {
  /**
   * Looks once.
   * @throws DiscoveryError when there is no answer that can be used.
   */
  find(): Promise<Discovered> | Discovered;
  /** Calls back when it is worth looking again before time. Returns how to end that. */
  watch?(changed: () => void): () => void;
}
