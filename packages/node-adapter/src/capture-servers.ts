import type { Application } from '@highball/gateway-protocol';
import type { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { type AskedAddress, pretendToListen, readListenArguments } from './captured-server.ts';
import { AdapterUsageError } from './errors.ts';
import type { FromNodeOptions } from './from-node.ts';
import { isHttpServer, isHttpsServer } from './is-http-server.ts';
import { serverHandlers } from './server-handlers.ts';

/** How servers are captured. */
export interface CaptureOptions<Module> extends FromNodeOptions {
  /**
   * How long to wait, from the start of the loading, for a server to listen, and for the loading to end.
   * @default 30_000 (gunicorn's timeout, within which a worker must have booted)
   */
  readonly timeoutMs?: number;
  /**
   * How long to wait for a server once the module has loaded: a program that waits for its database first listens
   * later.
   * @default 10_000
   */
  readonly listenGraceMs?: number;
  /** Asked when the module has loaded and no server listens yet: whether one will. @default always */
  readonly awaitsServer?: (module: Module) => boolean;
  /** Gives the waiting up: the promise rejects with its reason, and servers listen again. */
  readonly signal?: AbortSignal;
  /** Told what goes another way than the program meant. @default process.emitWarning */
  readonly warn?: (message: string) => void;
}

/** A server that wanted to listen, and does not. */
export interface CapturedServer {
  /** It believes that it listens; its 'request' and 'upgrade' listeners are what the application calls. */
  readonly server: HttpServer;
  readonly application: Application;
  /** Where it wanted to listen. */
  readonly asked: AskedAddress;
  /** Resolves when the program closes it. */
  readonly closed: Promise<void>;
}

/** What has become of a program. */
export interface Capture<Module> {
  /** What the loading resolved with; undefined while it still goes on, which it may when a server was captured. */
  readonly module: Module | undefined;
  /** Undefined only where `awaitsServer` said that none will come. */
  readonly captured: CapturedServer | undefined;
  /** Lets servers listen again. A server that was captured stays so. */
  restore(): void;
}

/** gunicorn's timeout. */
const TIMEOUT_MS = 30_000;
/** Long for a program to get ready, short for somebody who named the wrong file. */
const LISTEN_GRACE_MS = 10_000;
/** How long the rest of a module may take once its server listens: on node:http it would have clients by now. */
const LOAD_GRACE_MS = 5000;

let capturing = false;

/**
 * Loads a program that listens by itself (`app.listen(3000)`), and catches its server before it binds: the program
 * runs unchanged, its server believes that it listens, and whoever called this serves its application.
 *
 * The first http.Server (or https.Server, whose TLS is then somebody else's) is captured, and so is every other
 * that asks for the same port: the same service on another address. A server on another port (metrics, say) listens
 * as it asks, with a warning: where several workers run the program, only one of them gets that port. All other
 * kinds of servers are left alone. `restore` ends all that.
 *
 * @param load - loads the program: `() => import('./server.js')`.
 * @throws AdapterUsageError `NO_SERVER` when none has listened in time, `CAPTURE_TWICE` while another capture is on;
 *   what the loading throws; the reason of the signal.
 */
export async function captureServers<Module>(
  load: () => Promise<Module>,
  options: CaptureOptions<Module> = {},
): Promise<Capture<Module>> {
  if (capturing) throw new AdapterUsageError('CAPTURE_TWICE', 'servers are being captured already');
  const net = new ServerNet(options);
  const timeout = deadline(options.timeoutMs ?? TIMEOUT_MS, options.signal);
  const program: { module?: Module } = {};
  try {
    const loading = load().then((module) => void (program.module = module));
    // Routes may follow the call of listen; but a program may as well wait for its own end at the top level.
    const settled = net.captured.then(() => Promise.race([loading, timeout.after(LOAD_GRACE_MS)]));
    await Promise.race([loading, settled, timeout.passed]);
    const hasLoaded = 'module' in program;
    const awaits = !hasLoaded || (options.awaitsServer?.(program.module as Module) ?? true);
    if (net.first === undefined && awaits) {
      const grace = timeout.after(options.listenGraceMs ?? LISTEN_GRACE_MS);
      await Promise.race([net.captured, timeout.passed, grace]);
      if (net.first === undefined) throw noServer();
    }
    const captured = net.first && (await adapt(net.first, options));
    return { module: program.module, captured, restore: () => net.restore() };
  } catch (error) {
    net.restore();
    throw error;
  } finally {
    timeout.cancel();
  }
}

/** A server that was caught, before anything is made of it. */
type CaughtServer = Omit<CapturedServer, 'application'>;

/** Loads what runs handlers only for those that have some: most programs that are loaded export their application. */
async function adapt(caught: CaughtServer, options: FromNodeOptions): Promise<CapturedServer> {
  const { fromNode } = await import('./from-node.ts');
  return { ...caught, application: fromNode(serverHandlers(caught.server), options) };
}

/** Stands in the way of `listen`. */
class ServerNet {
  readonly captured: Promise<void>;
  first: CaughtServer | undefined;
  readonly #options: CaptureOptions<never>;
  readonly #listen = NetServer.prototype.listen;
  #onCaptured!: () => void;

  constructor(options: CaptureOptions<never>) {
    this.#options = options;
    this.captured = new Promise((resolve) => (this.#onCaptured = resolve));
    capturing = true;
    const take = (server: HttpServer, args: readonly unknown[]): boolean => this.#take(server, args);
    const really = this.#listen;
    NetServer.prototype.listen = function listen(this: NetServer, ...args: unknown[]): NetServer {
      if (isHttpServer(this) && take(this, args)) return this;
      return really.apply(this, args as never) as NetServer;
    } as typeof NetServer.prototype.listen;
  }

  restore(): void {
    NetServer.prototype.listen = this.#listen;
    capturing = false;
  }

  /** @returns whether the server was captured. */
  #take(server: HttpServer, args: readonly unknown[]): boolean {
    const asked = readListenArguments(args);
    const { first } = this;
    if (first !== undefined && first.server !== server && !isSame(first.asked, asked)) {
      const where = asked.path ?? `port ${asked.port}`;
      this.#warn(`a second server listens by itself on ${where}: with several workers only one of them can`);
      return false;
    }
    let onClose!: () => void;
    const closed = new Promise<void>((resolve) => (onClose = resolve));
    pretendToListen(server, args, asked, onClose);
    if (first === undefined) this.#keep(server, asked, closed);
    return true;
  }

  #keep(server: HttpServer, asked: AskedAddress, closed: Promise<void>): void {
    if (isHttpsServer(server)) {
      this.#warn(
        'the TLS options of an https.Server are not used: TLS is the job of what serves the application',
      );
    }
    this.first = { server, asked, closed };
    this.#onCaptured();
  }

  #warn(message: string): void {
    (this.#options.warn ?? process.emitWarning)(message);
  }
}

function isSame(one: AskedAddress, other: AskedAddress): boolean {
  return one.path === undefined
    ? one.port === other.port && other.path === undefined
    : one.path === other.path;
}

function noServer(): AdapterUsageError {
  return new AdapterUsageError('NO_SERVER', 'no http.Server has listened in time');
}

interface Deadline {
  /** Rejects when the signal is aborted. */
  readonly passed: Promise<void>;
  /** Another wait, that ends with the deadline. */
  after(ms: number): Promise<void>;
  cancel(): void;
}

function deadline(ms: number, signal: AbortSignal | undefined): Deadline {
  const timers: NodeJS.Timeout[] = [];
  let over = false;
  // A server may be captured when nobody waits any more: its grace must not keep the process alive.
  const after = (wait: number): Promise<void> =>
    new Promise((resolve) => {
      if (!over) timers.push(setTimeout(resolve, wait));
    });
  const { promise: passed, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal?.reason as Error);
  void after(ms).then(resolve);
  // It may come when nobody waits any more.
  passed.catch(() => undefined);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  const cancel = (): void => {
    over = true;
    signal?.removeEventListener('abort', abort);
    for (const timer of timers) clearTimeout(timer);
  };
  return { passed, after, cancel };
}
