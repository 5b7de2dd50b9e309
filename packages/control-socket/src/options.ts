/** Options of {@link serveControl}. */
export interface ControlServerOptions {
  /** Clients at a time; the next is told `busy`. @default 32 */
  readonly maxClients?: number;
  /** Calls of one client at a time; the next is told `busy`. @default 8 */
  readonly maxCalls?: number;
  /** Bytes of a request; a client that sends more is closed. @default 65_536 */
  readonly maxRequestBytes?: number;
  /** A client without a call under way is closed after so long. @default 60_000 */
  readonly idleTimeoutMs?: number;
  /** A client that takes nothing of its answer for so long is closed. @default 10_000 */
  readonly writeTimeoutMs?: number;
}

export type ResolvedServerOptions = Required<ControlServerOptions>;

/** People and their dashboards: far more than a handful is a mistake. */
const MAX_CLIENTS = 32;
const MAX_CALLS = 8;
/** The longest request is a command and a few arguments. */
const MAX_REQUEST_BYTES = 65_536;
/** nginx's `send_timeout` and `client_header_timeout`. */
const IDLE_TIMEOUT_MS = 60_000;
/** A terminal that is stopped with Ctrl-S. */
const WRITE_TIMEOUT_MS = 10_000;

/** Fills in the defaults. @throws RangeError unless each is a number above 0. */
export function resolveServerOptions(options: ControlServerOptions): ResolvedServerOptions {
  const resolved = {
    maxClients: options.maxClients ?? MAX_CLIENTS,
    maxCalls: options.maxCalls ?? MAX_CALLS,
    maxRequestBytes: options.maxRequestBytes ?? MAX_REQUEST_BYTES,
    idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    writeTimeoutMs: options.writeTimeoutMs ?? WRITE_TIMEOUT_MS,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (!(value > 0)) throw new RangeError(`${name} must be more than 0, not ${value}`);
  }
  return resolved;
}
