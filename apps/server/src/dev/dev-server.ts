import { createWorker, type Worker } from '@highball/async-worker';
import {
  type Application,
  compose,
  type Environ,
  type InterfaceName,
  type Middleware,
} from '@highball/gateway-protocol';
import { allowedHosts } from './allowed-hosts.ts';
import { ApplicationLoader } from './application-loader.ts';
import type { DevTarget } from './bind-addresses.ts';
import { catchErrors, hasLeft } from './catch-errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { DevLog } from './dev-log.ts';
import { errorAnswer } from './error-answer.ts';
import { type ErrorReport, reportError } from './error-report.ts';
import { errorText } from './error-text.ts';
import { isPromise } from './filter-body.ts';
import { injectScript } from './inject-script.ts';
import { privateResources, VersionStreams } from './private-resources.ts';
import { Reloader, type Version, type VersionBirth } from './reloader.ts';
import type { Terminal } from './terminal.ts';
import { VersionLife } from './version-life.ts';

/** What a development server is made of. */
export interface DevServerOptions {
  /** `MODULE[:EXPORT]`. */
  spec: string;
  /** What the application, and paths on pages, are relative to. */
  folder: string;
  listen: readonly DevTarget[];
  /** How the application is to be called. */
  interface: InterfaceName | 'auto';
  /** Files that are watched though nothing imports them. */
  extraFiles: readonly string[];
  /** Further names that the server answers for. */
  allowHosts: readonly string[];
  /** Around the application, nearest to it: the validator. */
  middleware: readonly Middleware[];
  /** Requests and reloads. */
  out: Terminal;
  /** Errors. */
  err: Terminal;
  /** @default the system's */
  clock?: Clock;
}

/** A stop must not seem to do nothing. */
const END_MS = 1000;

/** One process that serves an application, loads it anew when it changes, and shows what goes wrong. */
export class DevServer {
  readonly #options: DevServerOptions;
  readonly #clock: Clock;
  readonly #streams: VersionStreams = new VersionStreams();
  readonly #loader: ApplicationLoader;
  readonly #reloader: Reloader;
  readonly #worker: Worker;
  readonly #log: DevLog;
  /** Of each request, the version that it belongs to. */
  readonly #lives = new WeakMap<Environ, VersionLife>();
  #latestLife: VersionLife | undefined;
  #changed: readonly string[] = [];

  /** @throws CommandError when there is no such module. */
  constructor(options: DevServerOptions) {
    this.#options = options;
    const { folder, out, err, clock = systemClock } = options;
    const onChange = (paths: readonly string[]): void => this.#onChange(paths);
    this.#clock = clock;
    this.#loader = new ApplicationLoader({ ...options, onChange, clock });
    this.#log = new DevLog({ out, err, folder, textOf: (error) => this.#textOf(error) });
    this.#reloader = new Reloader({
      clock,
      load: (birth) => this.#load(birth),
      failed: (error, birth) => this.#failed(error, birth),
      onVersion: (version, durationMs) => this.#onVersion(version, durationMs),
    });
    this.#worker = createWorker(this.#application(), {
      log: this.#log.worker,
      onResponse: (record) => {
        this.#log.request(record);
        this.#lives.get(record.environ)?.leave();
      },
    });
  }

  /**
   * Starts to accept; requests wait until there is a version.
   * @returns where it listens: `http://HOST:PORT`, `unix:PATH`.
   * @throws the error of the system when an address cannot be bound.
   */
  async listen(): Promise<string[]> {
    const addresses: string[] = [];
    for (const target of this.#options.listen) {
      const { address, port } = await this.#worker.listen(target);
      const host = address.includes(':') ? `[${address}]` : address;
      addresses.push('path' in target ? `unix:${address}` : `http://${host}:${port}`);
    }
    return addresses;
  }

  /** Loads the first version. One that does not load is shown, and waited for. */
  load(): Promise<void> {
    return this.#reloader.reload();
  }

  /** Stops at once, whatever is on its way; what the application wants done at its end has a second for it. */
  async stop(): Promise<void> {
    this.#loader.close();
    await this.#worker.close();
    this.#reloader.close();
    await new Promise<void>((resolve) => {
      this.#clock.after(END_MS, resolve);
      void (this.#latestLife?.end(false) ?? Promise.resolve()).then(() => resolve());
    });
  }

  /** An error outside any request. */
  strayError(err: unknown): void {
    this.#log.error('an error outside any request', { err });
  }

  /** What the worker serves: the current version, behind what is the server's own. */
  #application(): Application {
    const { listen, allowHosts } = this.#options;
    const hosts = listen.flatMap((target) => ('host' in target ? [target.host] : []));
    const outer = compose(allowedHosts([...hosts, ...allowHosts]), privateResources(this.#streams));
    return outer((environ, startResponse) => {
      const version = this.#reloader.current;
      if (!isPromise(version)) return version.app(environ, startResponse);
      return version.then(({ app }) => app(environ, startResponse));
    });
  }

  async #load(birth: VersionBirth): Promise<Application> {
    const { signal } = birth;
    const life = new VersionLife(this.#clock, (err) =>
      this.#log.error('the application did not end as it should', { err }),
    );
    this.#latestLife = life;
    signal.addEventListener('abort', () => life.retire());
    const app = await this.#loader.load(birth, life.lifecycle);
    const caught = catchErrors(
      (error, environ) => {
        this.#tell(error, environ);
        return errorAnswer(this.#report(error, environ, 'request'), this.#options.folder);
      },
      (error, environ) => {
        if (!hasLeft(environ)) this.#tell(error, environ);
      },
    );
    const version = compose(injectScript(birth.id), caught, ...this.#options.middleware)(app);
    return (environ, startResponse) => {
      this.#lives.set(environ, life);
      life.enter();
      // For a version, to be replaced is what a stop is for a worker: its streams should come to their end.
      environ['highball.draining'] = () => signal;
      return version(environ, startResponse);
    };
  }

  /** What answers in place of an application that does not load. */
  #failed(error: unknown, { id }: VersionBirth): Application {
    this.#log.error('the application does not load; waiting for a change', { err: error });
    const show = catchErrors(
      (_, environ) => errorAnswer(this.#report(error, environ, 'load'), this.#options.folder),
      () => undefined,
    );
    return compose(
      injectScript(id),
      show,
    )(() => {
      throw error;
    });
  }

  #onChange(paths: readonly string[]): void {
    this.#changed = paths;
    void this.#reloader.reload();
  }

  #onVersion({ id, loaded }: Version, durationMs: number): void {
    if (loaded && this.#changed.length > 0) this.#log.reloaded(this.#changed, durationMs);
    else if (loaded) this.#log.loaded(this.#loader.watched, durationMs);
    this.#streams.announce(id);
  }

  #tell(err: unknown, environ: Environ): void {
    const target = environ.RAW_URI ?? environ.PATH_INFO;
    this.#log.error(`the application failed: ${environ.REQUEST_METHOD} ${target}`, { err });
  }

  #report(error: unknown, environ: Environ, kind: ErrorReport['kind']): ErrorReport {
    const isOwn = (file: string): boolean => this.#loader.has(file);
    return reportError(error, { kind, environ, isOwn, place: this.#loader.placeOf(error) });
  }

  #textOf(error: unknown): string {
    return errorText(this.#report(error, {} as Environ, 'request'), this.#options.folder);
  }
}
