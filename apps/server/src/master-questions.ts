import type { PurgeTarget } from '@highball/http-cache';
import type { DrainedServers } from './drained.ts';
import type { PurgeResult } from './front-commands.ts';

/** What one master asks the other, while an upgrade has two of them. */
export type MasterQuestion =
  /** Which servers it was told to drain. */
  | { readonly kind: 'drained' }
  | {
      readonly kind: 'drain-server';
      readonly upstream: string;
      readonly server: string;
      readonly draining: boolean;
    }
  | { readonly kind: 'purge'; readonly target: PurgeTarget; readonly soft: boolean };

/** What it answers to each: for its own workers alone. */
export interface MasterAnswers {
  drained: { readonly drained: DrainedServers };
  'drain-server': {
    /** How many workers know the server. */
    readonly knowing: number;
    /** Why one could not be told. */
    readonly problem?: string;
  };
  purge: PurgeResult & { readonly caches: number };
}
