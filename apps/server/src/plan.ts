import type { Identity } from '@highball/daemon';
import type { Config } from './config.ts';
import type { DrainedServers } from './drained.ts';
import { type LoadedConfig, loadConfig, loadServerConfig } from './load-config.ts';
import type { Settings } from './settings.ts';
import type { CacheSharing } from './site/route-cache.ts';
import type { UpstreamAddresses } from './site/upstreams.ts';
import type { FrontSockets } from './tls/plan.ts';

/**
 * Where a worker finds what it has to serve. Each worker makes the configuration of the text for itself: it may hold
 * what does not travel between processes (regular expressions, functions).
 */
export type PlanSource = AcceptedText &
  (
    | { kind: 'file'; file: string }
    /** What the command line says; its hooks, which are functions, are in the file of `-c`. */
    | { kind: 'inline'; config: Config; folder: string; file?: string }
  );

/** What the file held when it was accepted; without it each worker reads the file. */
interface AcceptedText {
  text?: string;
}

/** Which part of the stack a worker is. */
export type PlanRole =
  /** Takes the clients' connections and goes through the routes. */
  | {
      kind: 'front';
      addresses: UpstreamAddresses;
      /** The socket of the process that counts for all workers; without limits there is none. */
      keeper?: string;
      /** How their caches are one. */
      caches?: CacheSharing;
      /** The servers that get no new requests; the list of this moment, whenever the worker is started. */
      drained: DrainedServers;
    }
  /** Keeps the counts of the limits, for all workers of the front. */
  | { kind: 'keeper'; pool: string }
  /** Runs the application of an upstream. */
  | {
      kind: 'upstream';
      app: string;
      pool: string;
      /** The name in the configuration. */
      upstream: string;
      /** Whether its answers tell how busy it is. */
      tellsLoad?: boolean;
    };

/** All that a worker is told when it starts; plain data, so that it can be handed to another process. */
export interface WorkerPlan {
  source: PlanSource;
  role: PlanRole;
  settings: Settings;
  /** What one of the front must know of where it listens. */
  sockets?: FrontSockets;
  /** The user and group that it becomes before anything of the application is loaded. */
  identity?: Identity;
}

/** Makes the configuration that a plan speaks of. */
export async function loadPlanConfig(source: PlanSource): Promise<LoadedConfig> {
  const { text } = source;
  if (source.kind === 'file') return loadConfig(source.file, { text });
  const { config, folder, file } = source;
  if (file === undefined) return { config, folder };
  return { config: { ...config, ...(await loadServerConfig(file, { text })) }, folder };
}
