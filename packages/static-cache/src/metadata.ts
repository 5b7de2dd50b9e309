import { type Entry, type EntryContext, isUnchanged, readEntry } from './entry.ts';
import { copyOf } from './path.ts';
import { S3Fifo } from './s3-fifo.ts';

interface Remembered {
  readonly entry: Entry;
  /** When the files were last looked at, by the cache's clock. */
  checkedAt: number;
}

/** What a name and each of its representations weigh. Measured: see test/metadata.test.ts. */
const NAME_BYTES = 400;
const REPRESENTATION_BYTES = 2400;

/**
 * What is known of names below the root: files, folders, and names that lead nowhere. All of it is believed for a
 * while, and then looked at again.
 */
export class Metadata {
  readonly #context: EntryContext;
  readonly #known: S3Fifo<Remembered>;
  /** One look at a name serves all who ask for it in the meantime. */
  readonly #looking = new Map<string, Promise<Entry>>();

  constructor(context: EntryContext, maxBytes: number) {
    this.#context = context;
    this.#known = new S3Fifo({ maxBytes, maxEntries: context.options.maxEntries });
  }

  /** Bytes of memory in use, as far as they can be told. */
  get bytes(): number {
    return this.#known.bytes;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** What is under a name: at once when it is known and was looked at lately, otherwise after a look. */
  get(name: string): Entry | Promise<Entry> {
    const known = this.#known.get(name);
    const { now, validMs } = this.#context.options;
    if (known !== undefined && now() - known.checkedAt <= validMs) return known.entry;
    const looking =
      this.#looking.get(name) ?? this.#look(name, known).finally(() => this.#looking.delete(name));
    this.#looking.set(name, looking);
    return looking;
  }

  /** Forgets a name: what is known of it has turned out to be wrong. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  async #look(name: string, known: Remembered | undefined): Promise<Entry> {
    const checkedAt = this.#context.options.now();
    if (known?.entry.kind === 'file' && (await isUnchanged(known.entry))) {
      known.checkedAt = checkedAt;
      return known.entry;
    }
    const entry = await readEntry(name, this.#context);
    const representations = entry.kind === 'file' ? 1 + entry.coded.length : 0;
    const bytes = NAME_BYTES + 2 * name.length + representations * REPRESENTATION_BYTES;
    this.#known.set(copyOf(name), { entry, checkedAt }, bytes);
    return entry;
  }
}
