import type { Application, InterfaceName } from '@highball/gateway-protocol';
import { resolve } from 'node:path';
import type { Lifecycle } from '../application/lifecycle.ts';
import { loadApplication } from '../load-application.ts';
import { locateApplication } from '../locate-application.ts';
import type { Clock } from './clock.ts';
import { FileWatcher } from './file-watcher.ts';
import { ModuleGraph } from './module-graph.ts';
import { setReloadSignal } from './reload-signal.ts';
import type { VersionBirth } from './reloader.ts';
import type { Place } from './stack-frames.ts';
import { findSyntaxPlace } from './syntax-place.ts';

/** What is loaded, and who is told. */
export interface LoaderOptions {
  /** `MODULE[:EXPORT]`. */
  spec: string;
  /** What the spec and the extra files are relative to. */
  folder: string;
  /** How the application is to be called. */
  interface: InterfaceName | 'auto';
  /** Files that are watched though nothing imports them. */
  extraFiles: readonly string[];
  /** Called with the files of the application that have changed. */
  onChange(paths: readonly string[]): void;
  clock: Clock;
}

/** Loads an application again and again, and watches the files it was made of. */
export class ApplicationLoader {
  readonly #options: LoaderOptions;
  readonly #entry: string;
  readonly #graph: ModuleGraph;
  readonly #watcher: FileWatcher;
  readonly #places = new WeakMap<object, Place>();
  /** The files of the version that was loaded last. */
  #files = new Set<string>();

  /** @throws CommandError when there is no such module. */
  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#entry = locateApplication(options.spec, options.folder).file;
    this.#watcher = new FileWatcher(options.onChange, options.clock);
    this.#graph = new ModuleGraph({ entry: this.#entry, onFile: (path) => this.#watch(path) });
  }

  /** The number of files that are watched. */
  get watched(): number {
    return this.#watcher.size;
  }

  /** Whether a file is the application's own. */
  has(path: string): boolean {
    return this.#graph.has(path);
  }

  /** Where the compiler stopped, for an error that `load` has thrown and that does not say it. */
  placeOf(error: unknown): Place | undefined {
    return typeof error === 'object' && error !== null ? this.#places.get(error) : undefined;
  }

  /**
   * @param lifecycle - takes what the version wants done at its end.
   * @throws what the application throws while it is loaded, or a CommandError: see loadApplication.
   */
  async load({ generation, signal }: VersionBirth, lifecycle: Lifecycle): Promise<Application> {
    const { spec, folder, extraFiles, interface: shape } = this.#options;
    const files = (this.#files = new Set());
    for (const path of [this.#entry, ...extraFiles.map((extra) => resolve(folder, extra))]) this.#watch(path);
    this.#graph.begin(generation);
    setReloadSignal(signal);
    try {
      const app = await loadApplication(spec, folder, { interface: shape, lifecycle, signal });
      // Those of a version that did not load are kept: it may not have come to import what will mend it.
      if (files === this.#files) this.#watcher.retain(files);
      return app;
    } catch (error) {
      await this.#findPlace(error);
      throw error;
    }
  }

  close(): void {
    this.#watcher.close();
    this.#graph.close();
  }

  #watch(path: string): void {
    this.#files.add(path);
    this.#watcher.add(path);
  }

  async #findPlace(error: unknown): Promise<void> {
    if (typeof error !== 'object' || error === null) return;
    const cause = (error as Error).cause ?? error;
    const place = await findSyntaxPlace(cause, this.#graph.latestFile);
    if (place !== undefined) this.#places.set(error, place);
  }
}
