import { type LimitSettings, limitSettings } from './settings/limits.ts';
import { type ListeningSettings, listeningSettings } from './settings/listening.ts';
import { type LoggingSettings, loggingSettings } from './settings/logging.ts';
import { type ProcessSettings, processSettings } from './settings/process.ts';
import { type RecyclingSettings, recyclingSettings } from './settings/recycling.ts';
import type { Declarations } from './settings/setting.ts';
import { type TlsSettings, tlsSettings } from './settings/tls.ts';
import { type TrustSettings, trustSettings } from './settings/trust.ts';
import { type WorkerSettings, workerSettings } from './settings/workers.ts';

/** How a server listens, works, limits, waits and logs: the same names on the command line (`--keep-alive`), in the
 * environment (`HIGHBALL_KEEP_ALIVE`) and in the configuration (`keepAlive`). */
export interface Settings
  extends
    ListeningSettings,
    TlsSettings,
    WorkerSettings,
    RecyclingSettings,
    LimitSettings,
    TrustSettings,
    ProcessSettings,
    LoggingSettings {}

/** All settings, in the order of `--help`. */
export const settings: Declarations<Settings> = {
  ...listeningSettings,
  ...tlsSettings,
  ...workerSettings,
  ...recyclingSettings,
  ...limitSettings,
  ...trustSettings,
  ...processSettings,
  ...loggingSettings,
};

/** The names of all settings. */
export const settingNames: readonly (keyof Settings)[] = Object.keys(settings) as (keyof Settings)[];
