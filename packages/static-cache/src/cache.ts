import { type Entry, isUnchanged, readEntry, type Representation } from './entry.ts';
import type { ResolvedOptions } from './options.ts';

interface Remembered {
  readonly entry: Entry;
  readonly bytes: number;
  /** When the files were last looked at, by the cache's clock. */
  checkedAt: number;
}

/** What an entry weighs besides its content: names, fields, the map's own. */
const ENTRY_BYTES = 1024;

/**
 * What is known of names below a root: files with their content, folders, and names that lead nowhere. The least
 * recently used are forgotten when there are too many, or too many bytes.
 */
export class FileCache {
  readonly #root: string;
  readonly #options: ResolvedOptions;
  /** In the order of their last use. */
  readonly #known = new Map<string, Remembered>();
  /** One look at a name serves all who ask for it in the meantime. */
  readonly #looking = new Map<string, Promise<Entry>>();
  #bytes = 0;

  constructor(root: string, options: ResolvedOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** What is under a name: at once when it is known and was looked at lately, otherwise after a look. */
  get(name: string): Entry | Promise<Entry> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#options.now() - known.checkedAt <= this.#options.validMs) {
      this.#known.delete(name);
      this.#known.set(name, known);
      return known.entry;
    }
    const looking =
      this.#looking.get(name) ?? this.#look(name, known).finally(() => this.#looking.delete(name));
    this.#looking.set(name, looking);
    return looking;
  }

  /** Forgets a name: what is known of it has turned out to be wrong. */
  forget(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.#known.delete(name);
    this.#bytes -= known.bytes;
  }

  async #look(name: string, known: Remembered | undefined): Promise<Entry> {
    const checkedAt = this.#options.now();
    if (known?.entry.kind === 'file' && (await isStillThere(known.entry))) {
      known.checkedAt = checkedAt;
      return known.entry;
    }
    const entry = await readEntry(this.#root, name, this.#options);
    this.#remember(name, entry, checkedAt);
    return entry;
  }

  #remember(name: string, entry: Entry, checkedAt: number): void {
    this.forget(name);
    const bytes = ENTRY_BYTES + 2 * name.length + contentBytes(entry);
    if (bytes > this.#options.maxBytes) return;
    this.#known.set(name, { entry, bytes, checkedAt });
    this.#bytes += bytes;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes <= this.#options.maxBytes && this.#known.size <= this.#options.maxEntries) break;
      this.forget(oldest);
    }
  }
}

async function isStillThere({
  identity,
  coded,
}: {
  identity: Representation;
  coded: readonly Representation[];
}): Promise<boolean> {
  const unchanged = await Promise.all([identity, ...coded].map((file) => isUnchanged(file)));
  return unchanged.every(Boolean);
}

function contentBytes(entry: Entry): number {
  if (entry.kind !== 'file') return 0;
  return [entry.identity, ...entry.coded].reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
}
