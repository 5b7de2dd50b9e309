import { lookup } from 'node:dns';
import { connect as netConnect, type Socket } from 'node:net';
import { parseAddress } from '@highball/ip-networks';
import type { AllowList } from './allow-list.ts';
import type { Clock } from './clock.ts';
import type { Destination } from './destination.ts';
import { Refusal } from './errors.ts';

/** Finds the addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;
/** Opens a connection to an IP address; it may still be on its way. */
export type Connect = (address: string, port: number) => Socket;

/** Asks as all programs of the machine do, the file of hosts included. */
export const resolveBySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });

/** Half-open connections are kept: each way of a tunnel ends by itself. */
export const connectByNet: Connect = (host, port) =>
  netConnect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true });

export interface DialOptions {
  readonly allow: AllowList;
  readonly resolve: Resolve;
  readonly connect: Connect;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** A connection that is open, and where to. */
export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/** More addresses of a name are not tried. */
const MAX_ADDRESSES = 8;

/**
 * Connects to a destination. Its name is resolved once, the addresses are held against the rules, and the
 * connection goes to the very address that was: what DNS says a moment later (rebinding) has no say.
 *
 * @throws Refusal NOT_ALLOWED, ADDRESS_PROHIBITED, DNS_FAILED, DNS_TIMEOUT, CONNECT_FAILED, CONNECT_TIMEOUT,
 *   CLIENT_GONE
 */
export async function dial(
  destination: Destination,
  options: DialOptions,
  signal: AbortSignal | undefined,
): Promise<Dialled> {
  const { clock, connectTimeoutMs } = options;
  if (!options.allow.mayPermit(destination)) {
    throw new Refusal('NOT_ALLOWED', `${destination.host}:${destination.port} is not listed here`);
  }
  const deadline = clock.now() + connectTimeoutMs;
  const addresses = await permittedAddresses(destination, options, signal);
  let failure: Refusal | undefined;
  for (const [index, address] of addresses.entries()) {
    // Each address gets its share of what is left, so that a dead one does not use up the others' time.
    const shareMs = Math.max(1, (deadline - clock.now()) / (addresses.length - index));
    try {
      return { socket: await open(address, destination.port, shareMs, options, signal), address };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'CLIENT_GONE') throw error;
      failure = error;
    }
  }
  throw failure as Refusal;
}

async function permittedAddresses(
  destination: Destination,
  options: DialOptions,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { host } = destination;
  const found = parseAddress(host) === undefined ? await resolved(host, options, signal) : [host];
  if (found.length === 0) throw new Refusal('DNS_FAILED', `${host} has no address`);
  const permitted = found.filter((address) => {
    const bytes = parseAddress(address);
    return bytes !== undefined && options.allow.permits(destination, bytes);
  });
  if (permitted.length > 0) return permitted.slice(0, MAX_ADDRESSES);
  // The addresses themselves stay unsaid: a proxy is no way to look around in its network.
  throw new Refusal('ADDRESS_PROHIBITED', `${host} is at an address that is not listed here`);
}

function resolved(
  host: string,
  options: DialOptions,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { resolve, clock, connectTimeoutMs } = options;
  return within(clock, connectTimeoutMs, signal, (settle) => {
    resolve(host).then(
      (addresses) => settle(undefined, addresses),
      (cause: unknown) => settle(new Refusal('DNS_FAILED', `${host} cannot be resolved`, { cause })),
    );
    return { late: new Refusal('DNS_TIMEOUT', `no answer about ${host}`), cancel: () => undefined };
  });
}

function open(
  address: string,
  port: number,
  timeoutMs: number,
  { connect, clock }: DialOptions,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  return within(clock, timeoutMs, signal, (settle) => {
    const socket = connect(address, port);
    const onError = (cause: Error): void => {
      settle(new Refusal('CONNECT_FAILED', 'the destination cannot be reached', { cause }));
    };
    // Whoever gets the socket listens for itself; an error in between must not end the process.
    socket.on('error', () => undefined);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      settle(undefined, socket);
    });
    return {
      late: new Refusal('CONNECT_TIMEOUT', 'the destination did not answer in time'),
      cancel: () => socket.off('error', onError).destroy(),
    };
  });
}

/** Waits for something, but not longer than a time, nor than the client does. */
function within<Value>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  start: (settle: (error: Error | undefined, value?: Value) => void) => { late: Refusal; cancel(): void },
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
    };
    const { late, cancel } = start((error, value) => {
      stop();
      if (error) reject(error);
      else resolve(value as Value);
    });
    const giveUp = (reason: Refusal): void => {
      stop();
      cancel();
      reject(reason);
    };
    const stopTimer = clock.after(timeoutMs, () => giveUp(late));
    const onAbort = (): void => giveUp(new Refusal('CLIENT_GONE', 'the client has left'));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
