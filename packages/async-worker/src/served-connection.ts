import type { Exchange } from './exchange.ts';
import type { Sparable } from './spare.ts';
import type { Writing } from './still-writing.ts';
import type { Sweepable } from './sweeper.ts';

/** An answer under way, or a connection that has none. */
export interface Answer extends Writing {
  /** Ends it at once. */
  destroy(): void;
}

/** A connection, whichever version of HTTP it speaks, as its worker sees it. */
export interface ServedConnection extends Sweepable, Sparable {
  /** The requests under way. */
  readonly exchanges: readonly Exchange[];
  /** Its answers under way; itself where it has none. */
  readonly answers: readonly Answer[];
  /** Closes at once. */
  destroy(): void;
}
