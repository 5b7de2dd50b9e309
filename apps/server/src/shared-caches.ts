import type { CacheFolder } from './cache-folder.ts';
import type { Config } from './config.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './log.ts';
import type { Owner } from './remove-as.ts';
import { type CacheSharing, folderName, sharedBytes, sharingRoutes } from './site/route-cache.ts';

/** What the workers of a front cache together, where the configuration names no folder: a folder for them alone. */
export class SharedCaches {
  readonly #log: Logger;
  readonly #owner: Owner | undefined;
  #folder: CacheFolder | undefined;

  /** @param owner - the user that the workers become. */
  constructor(log: Logger, owner: Owner | undefined) {
    this.#log = log;
    this.#owner = owner;
  }

  /** What so many workers are told. A worker that is alone has its caches in its memory. */
  async prepare(config: Config, workers: number): Promise<CacheSharing> {
    if (workers > 1 && sharingRoutes(config).length > 0) {
      try {
        this.#folder ??= await this.#make(await sharedBytes(config, workers));
      } catch (error) {
        this.#log.warn(`there is no folder for the caches; each worker has its own: ${messageOf(error)}`);
      }
    }
    return { workers, ...(this.#folder && { folder: this.#folder.path }) };
  }

  async #make(bytes: number): Promise<CacheFolder> {
    const { CacheFolder } = await import('./cache-folder.ts');
    return await CacheFolder.make(bytes, this.#owner);
  }

  /** After a reload nobody asks for what other routes have cached. */
  forgetOthers(config: Config): void {
    this.#folder?.keep(new Set(sharingRoutes(config).map(folderName)));
  }

  remove(): void {
    this.#folder?.remove();
  }
}
