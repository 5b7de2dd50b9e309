import { CappedMap } from './capped-map.ts';
import type { CapturedResponse } from './capture.ts';
import type { DiskWriter } from './disk-writer.ts';
import type { StoredFile } from './disk-body.ts';
import { codeOf, type StoredResponse, type VaryIndex } from './entry.ts';
import { IncompleteResponseError } from './errors.ts';
import { type Found, indexWith } from './lookup.ts';
import type { Lead } from './lead.ts';
import type { ResolvedOptions } from './options.ts';
import type { HeadInFlight } from './peer-messages.ts';
import type { CacheRequest } from './request.ts';
import { describesSame, type ResponsePlan } from './response-plan.ts';
import { SharedBody } from './shared-body.ts';
import type { NotStoredReason } from './storable.ts';
import type { Store } from './store.ts';
import { entryInMemory, storedEntry } from './stored-entry.ts';
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
  /** Told how the body comes, where other processes follow. */
  readonly lead: Lead | undefined;
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

  /** Until when a resource is known not to be stored. */
  passUntil(url: string): number | undefined {
    return this.#passes.get(url);
  }

  /** Notes what another process has found out. */
  notePass(url: string, untilMs: number): void {
    this.#passes.set(url, untilMs);
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

  /** Stores what the origin has confirmed; its body stays where it is. Resolves when it is on disk as well. */
  update(entry: StoredResponse): Promise<void> {
    this.#store.remember(entry);
    const saved = this.#updateOnDisk(entry);
    this.#store.track(saved);
    return saved;
  }

  async #updateOnDisk(entry: StoredResponse): Promise<void> {
    if (entry.body.kind === 'file') return await this.#store.putOnDisk(entry);
    // The head on disk names a file; with the same body, when nobody has replaced it.
    const onDisk = await this.#store.onDisk(entry.key);
    if (onDisk?.size !== entry.size || !describesSame(onDisk, entry.fields)) return;
    await this.#store.putOnDisk({ ...entry, body: onDisk.body });
  }

  /** @returns the body to send, which is stored as it goes by; start it when it has its first reader. */
  keep(keeping: Keeping): { head: HeadInFlight; body: SharedBody } {
    const { request, found, plan, captured, position } = keeping;
    const { maxVariants } = this.#options;
    const varied = varyNames(plan.fields);
    const indexed = indexWith(found.index, request.url, request.environ, varied, maxVariants);
    const names = indexed?.index.names ?? [];
    const variant = indexed?.variant ?? '';
    const { fields, freshness, tags } = plan;
    const head = {
      status: captured.status,
      fields,
      freshness,
      names,
      variant,
      url: request.url,
      tags,
      position,
    };
    const body = this.#share(keeping, head, async () => {
      if (indexed !== undefined && indexed.index !== found.index) await this.#putIndex(indexed);
    });
    return { head, body };
  }

  async #putIndex({ index, surplus }: { index: VaryIndex; surplus: readonly string[] }): Promise<void> {
    this.#store.remember(index);
    for (const variant of surplus) this.#store.delete(index.key + variant);
    await this.#store.putOnDisk(index);
  }

  #share(keeping: Keeping, head: HeadInFlight, index: () => Promise<void>): SharedBody {
    const { captured, expectedBytes, keepGoing, abort, onEnd, lead } = keeping;
    const keepBytes = this.#options.maxMemoryObjectBytes;
    const writer = this.#store.writer();
    let refused = false;
    const body: SharedBody = new SharedBody(captured.body, {
      keepBytes,
      expectedBytes,
      take: (chunk, size) => {
        if (!refused && this.#tooLarge(size)) {
          refused = true;
          if (writer !== undefined) this.#store.track(this.#giveUp(writer, lead));
        }
        return !refused && (writer?.write(chunk) ?? true);
      },
      end: (error, size, chunks) => {
        const whole = !refused && error === undefined;
        const small = whole && chunks !== undefined && size <= keepBytes;
        if (small) this.#store.remember(entryInMemory(head, size, chunks));
        const indexing = whole ? index() : undefined;
        // A large one can be asked for when its file is there.
        if (!whole || small) onEnd();
        if (writer === undefined || refused) return;
        // What is here at once needs no telling how it comes.
        writer.onWritten = undefined;
        const save = async (file: StoredFile): Promise<void> => {
          const entry = storedEntry(head, size, { kind: 'file', file });
          if (!small) this.#store.remember(entry);
          await indexing;
          await this.#store.putOnDisk(entry);
        };
        this.#store.track(whole ? this.#finish(writer, save, keeping) : this.#giveUp(writer, lead));
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
    if (writer !== undefined && lead !== undefined)
      writer.onWritten = (size) => lead.grow(size, writer.name, head);
    return body;
  }

  async #finish(
    writer: DiskWriter,
    save: (file: StoredFile) => Promise<void>,
    { onEnd, lead }: Keeping,
  ): Promise<void> {
    const file = await writer.finish((digest) => this.#store.bodyPath(digest));
    if (file === undefined) {
      onEnd();
      return await lead?.end({ kind: 'lost' });
    }
    lead?.whole(file.size);
    const saved = save(file);
    onEnd();
    await saved;
    await lead?.end({ kind: 'stored', detail: undefined });
  }

  /** It is not whole, or has become too large. */
  async #giveUp(writer: DiskWriter, lead: Lead | undefined): Promise<void> {
    await Promise.all([writer.abort(), lead?.end({ kind: 'lost' })]);
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
