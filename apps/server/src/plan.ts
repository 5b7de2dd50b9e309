import type { Config } from './config.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import type { Settings } from './settings.ts';
import type { UpstreamAddresses } from './site/upstreams.ts';

/**
 * Where a worker finds what it has to serve. A configuration is read anew from its file by each worker: it may
 * hold what does not travel between processes (regular expressions), and a reload picks up its changes.
 */
export type PlanSource = { kind: 'file'; file: string } | { kind: 'inline'; config: Config; folder: string };

/** Which part of the stack a worker is. */
export type PlanRole =
  /** Takes the clients' connections and goes through the routes. */
  | { kind: 'front'; addresses: UpstreamAddresses }
  /** Runs the application of an upstream. */
  | { kind: 'upstream'; app: string; pool: string };

/** All that a worker is told when it starts; plain data, so that it can be handed to another process. */
export interface WorkerPlan {
  source: PlanSource;
  role: PlanRole;
  settings: Settings;
}

/** Reads the configuration that a plan speaks of. */
export async function loadPlanConfig(source: PlanSource): Promise<LoadedConfig> {
  return source.kind === 'file' ? loadConfig(source.file) : { config: source.config, folder: source.folder };
}
