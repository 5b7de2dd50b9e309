import { CappedMap } from './capped-map.ts';
import type { CapturedResponse } from './capture.ts';
import type { DiskWriter } from './disk-writer.ts';
import type { StoredFile } from './disk-body.ts';
import { codeOf, type StoredBody, type StoredResponse, type VaryIndex } from './entry.ts';
import { IncompleteResponseError } from './errors.ts';
import { fieldValue } from './fields.ts';
import { type Found, indexWith } from './lookup.ts';
import type { ResolvedOptions } from './options.ts';
import type { CacheRequest } from './request.ts';
import { describesSame, type ResponsePlan } from './response-plan.ts';
import { SharedBody } from './shared-body.ts';
import type { NotStoredReason } from './storable.ts';
import type { Store } from './store.ts';
import { varyNames } from './vary.ts';

/** Resources of which it is remembered how often they were asked for, or that they are not to be stored. */
const MAX_REMEMBERED = 10_000;

/** A response that is to be stored. */
export interface Keeping {
  readonly request: CacheRequest;
  readonly found: Found;
  readonly captured: CapturedResponse;
  readonly plan: ResponsePlan;
  readonly position: number;
  readonly expectedBytes: number | undefined;
  /** It is read to its end though nobody reads along. */
  readonly keepGoing: () => boolean;
  readonly abort: () => void;
  readonly onEnd: () => void;
}

/** Decides whether responses are kept, and brings them into the store while they are passed on. */
export class Keeper {
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #uses = new CappedMap<number>(MAX_REMEMBERED);
  /** Until when a resource is known not to be stored. */
  readonly #passes = new CappedMap<number>(MAX_REMEMBERED);

  constructor(store: Store, options: ResolvedOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Hit-for-miss: what was not to be stored lately is asked for by each for itself. */
  passes(url: string): boolean {
    const until = this.#passes.get(url);
    return until !== undefined && this.#options.now() < until;
  }

  /** Why a response is not kept, and what follows from that. */
  refuses(
    url: string,
    { entry }: Found,
    status: string,
    { reason }: ResponsePlan,
    expectedBytes: number | undefined,
  ): NotStoredReason | undefined {
    const why = reason ?? (this.#tooLarge(expectedBytes ?? 0) ? 'too-large' : this.#tooFewUses(url));
    if (why === undefined) {
      this.#passes.delete(url);
      return undefined;
    }
    this.#options.onNotStored?.(url, why);
    if (why === 'request-no-store' || why === 'min-uses' || codeOf(status) >= 500) return why;
    // A part or a 304 says nothing of what the whole would be.
    if (codeOf(status) === 206 || codeOf(status) === 304) return why;
    this.#passes.set(url, this.#options.now() + this.#options.hitForMissMs);
    if (entry !== undefined && why !== 'authorization') this.#store.delete(entry.key);
    return why;
  }

  /** Stores what the origin has confirmed; its body stays where it is. */
  async update(entry: StoredResponse): Promise<void> {
    this.#store.remember(entry);
    if (entry.body.kind === 'file') {
      this.#store.putOnDisk(entry);
      return;
    }
    // The head on disk names a file; with the same body, when nobody has replaced it.
    const onDisk = await this.#store.onDisk(entry.key);
    if (onDisk?.size !== entry.size || !describesSame(onDisk, entry.fields)) return;
    this.#store.putOnDisk({ ...entry, body: onDisk.body });
  }

  /** @returns the body to send, which is stored as it goes by; start it when it has its first reader. */
  keep(keeping: Keeping): { names: readonly string[]; variant: string; body: SharedBody } {
    const { request, found, plan } = keeping;
    const { maxVariants } = this.#options;
    const names = varyNames(plan.fields);
    const indexed = indexWith(found.index, request.url, request.environ, names, maxVariants);
    const variant = indexed?.variant ?? '';
    const body = this.#share(keeping, (size, stored) => {
      if (indexed !== undefined && indexed.index !== found.index) this.#putIndex(indexed);
      return entryOf(keeping, variant, size, stored);
    });
    return { names: indexed?.index.names ?? [], variant, body };
  }

  #putIndex({ index, surplus }: { index: VaryIndex; surplus: readonly string[] }): void {
    this.#store.remember(index);
    this.#store.putOnDisk(index);
    for (const variant of surplus) this.#store.delete(index.key + variant);
  }

  #share(keeping: Keeping, entryWith: (size: number, body: StoredBody) => StoredResponse): SharedBody {
    const { captured, expectedBytes, keepGoing, abort, onEnd } = keeping;
    const keepBytes = this.#options.maxMemoryObjectBytes;
    const writer = this.#store.writer();
    let refused = false;
    const body: SharedBody = new SharedBody(captured.body, {
      keepBytes,
      expectedBytes,
      take: (chunk, size) => {
        refused ||= this.#tooLarge(size);
        return !refused && (writer?.write(chunk) ?? true);
      },
      end: (error, size, chunks) => {
        const whole = !refused && error === undefined;
        const small = whole && chunks !== undefined && size <= keepBytes;
        if (small) this.#store.remember(entryWith(size, { kind: 'memory', chunks: compact(chunks, size) }));
        // A large one can be asked for when its file is there.
        if (!whole || small) onEnd();
        if (writer === undefined) return;
        const save = (file: StoredFile): void => {
          const entry = entryWith(size, { kind: 'file', file });
          if (!small) this.#store.remember(entry);
          this.#store.putOnDisk(entry);
        };
        this.#store.track(whole ? this.#finish(writer, save, onEnd) : writer.abort());
      },
      abandoned: () => {
        if (keepGoing() && !refused) return;
        abort();
        body.fail(new IncompleteResponseError('TRUNCATED', 'nobody wants the rest'));
      },
      closeFailed: (error) => {
        keeping.request.environ['wsgi.errors'].write(`http-cache: close() of a body: ${String(error)}\n`);
      },
    });
    return body;
  }

  async #finish(writer: DiskWriter, save: (file: StoredFile) => void, onEnd: () => void): Promise<void> {
    const file = await writer.finish((digest) => this.#store.bodyPath(digest));
    if (file !== undefined) save(file);
    onEnd();
  }

  #tooLarge(size: number): boolean {
    const { maxObjectBytes, maxMemoryObjectBytes } = this.#options;
    return size > (this.#store.hasDisk ? maxObjectBytes : Math.min(maxObjectBytes, maxMemoryObjectBytes));
  }

  #tooFewUses(url: string): 'min-uses' | undefined {
    const { minUses } = this.#options;
    if (minUses <= 1) return undefined;
    const uses = (this.#uses.get(url) ?? 0) + 1;
    this.#uses.set(url, uses);
    return uses < minUses ? 'min-uses' : undefined;
  }
}

function entryOf(
  { request, captured, plan, position }: Keeping,
  variant: string,
  size: number,
  body: StoredBody,
): StoredResponse {
  // Nothing is told of the length of what has no body.
  const told = codeOf(captured.status) === 204 || fieldValue(plan.fields, 'content-length') !== undefined;
  return {
    kind: 'response',
    key: request.url + variant,
    url: request.url,
    status: captured.status,
    fields: told ? plan.fields : [...plan.fields, ['Content-Length', String(size)]],
    freshness: plan.freshness,
    tags: plan.tags,
    position,
    size,
    body,
  };
}

/**
 * A body as it is kept: in memory of its own. A piece is often a view of a socket's buffer of 64 KiB, which it would
 * hold on to, and many small ones cost more than what is in them.
 */
function compact(chunks: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const [only] = chunks;
  if (size === 0 || (chunks.length === 1 && only?.buffer.byteLength === size)) return chunks;
  const whole = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return [whole];
}
