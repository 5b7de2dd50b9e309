import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ResponseBody } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import type { HttpCacheOptions } from '../src/index.ts';
import { Bench, type OriginAnswer } from './support.ts';

/** Fields of what may be kept. */
export const HOUR = { 'Cache-Control': 'max-age=3600' };
/** What goes over a socket or through the file system takes a while, on a machine that others use too. */
export const SOON = { timeout: 30_000, interval: 5 };

/** Caches that share a folder, as processes do: each has a lock and a socket of its own. The origin is one. */
export class Farm implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly caches: readonly Bench[];
  asked = 0;

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    count: number,
    answer: (index: number, environ: Bench['requests'][number]) => OriginAnswer | Promise<OriginAnswer>,
    options: HttpCacheOptions,
  ) {
    this.#folder = folder;
    this.caches = Array.from(
      { length: count },
      () =>
        new Bench((environ) => answer(this.asked++, environ), {
          folder: folder.path,
          invalidationDelayMs: 0,
          ...options,
        }),
    );
  }

  static async make(
    count: number,
    answer: (index: number, environ: Bench['requests'][number]) => OriginAnswer | Promise<OriginAnswer>,
    options: HttpCacheOptions = {},
  ): Promise<Farm> {
    return new Farm(await temporaryFolder(), count, answer, options);
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Locks that are held. */
  get locks(): string[] {
    const folder = join(this.path, 'fetches');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  wait(seconds: number): void {
    for (const cache of this.caches) cache.wait(seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { cache } of this.caches) await cache.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A body whose first piece is there, and whose others come when the test says. */
export async function* pieces(
  first: string,
  opened: Promise<void>,
  ...others: string[]
): AsyncGenerator<string> {
  yield first;
  await opened;
  yield* others;
}

/** Reads a body as it comes: each call gives the next piece, and nothing when it is over. */
export function pieceByPiece(body: ResponseBody): () => Promise<string | undefined> {
  const reading = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await reading.next();
    return done === true ? undefined : Buffer.from(value).toString();
  };
}
