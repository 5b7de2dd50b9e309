import type { HandedSocket } from './socket-table.ts';
import type { UpgradeTurn } from './upgrade-turn.ts';

/** The program of a new master. */
export interface UpgradeProgram {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface UpgradeOptions {
  /** Whether this master steps down when the new one is ready. @default false: both serve until a signal says which */
  readonly automatic?: boolean;
  /** @default this process's own: its executable, its flags, its script and its arguments */
  readonly program?: UpgradeProgram;
  /** How long the new master may take until it is ready. @default 120_000 */
  readonly timeoutMs?: number;
}

/** The new master as it is now. */
export interface Successor {
  readonly pid: number;
  /** Whether its workers serve. */
  readonly ready: boolean;
}

/** A master of this process that goes with an upgrade. */
export interface UpgradeMember {
  handOver(): HandedSocket[];
  /** Stops the workers and keeps the sockets; resolves when they have exited. */
  retire(): Promise<void>;
  /** Starts the workers again. */
  restore(): Promise<void>;
  stop(): Promise<void>;
  upgradeTurn(turn: UpgradeTurn): void;
}
