import { realpathSync, statSync } from 'node:fs';
import { createRequire, registerHooks, type ResolveFnOutput, type ResolveHookContext } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput;

/** What is said of the files that one generation of an application consists of. */
export interface ModuleGraphOptions {
  /** The application's file. */
  entry: string;
  /**
   * A file belongs to the current generation: it was imported, or an import looked for it in vain. Called before
   * the file is read; more than once for the same file.
   */
  onFile(path: string): void;
}

/**
 * The files that an application imports, known through module hooks. Each generation has instances of its own of
 * all of them: ES modules by a query in their URL, CommonJS modules by leaving the cache. What lies in
 * node_modules, and Highball itself, is shared.
 */
export class ModuleGraph {
  readonly #entryUrl: string;
  readonly #onFile: (path: string) => void;
  readonly #hooks: { deregister(): void };
  /** Every file that was ever the application's. */
  readonly #files = new Set<string>();
  #generation = 0;
  #latest: string | undefined;

  constructor({ entry, onFile }: ModuleGraphOptions) {
    this.#entryUrl = pathToFileURL(entry).href;
    this.#onFile = onFile;
    this.#hooks = registerHooks({ resolve: (...args) => this.#resolve(...args) });
  }

  /** The file that was imported last: where the compiler gives no place, that is the one it could not read. */
  get latestFile(): string | undefined {
    return this.#latest;
  }

  /** Whether a file is the application's own. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** From now on, an import of the entry makes a new instance of the application. */
  begin(generation: number): void {
    this.#generation = generation;
    this.#latest = undefined;
    const { cache } = createRequire(import.meta.url);
    for (const key of Object.keys(cache)) {
      if (this.#files.has(plainPath(key))) delete cache[key];
    }
  }

  close(): void {
    this.#hooks.deregister();
  }

  #resolve(specifier: string, context: ResolveHookContext, next: NextResolve): ResolveFnOutput {
    const generation = this.#generationOf(specifier, context.parentURL);
    if (generation === undefined || isHighball(specifier)) return next(specifier, context);
    const asked = askedPath(specifier, context.parentURL);
    const result = this.#tryResolve(specifier, context, next, asked);
    if (!result.url.startsWith('file:') || result.url.includes('/node_modules/')) return result;
    const { file, url } = followLink(result.url, asked);
    this.#note(file, generation);
    // A symbolic link may come to point elsewhere.
    if (asked !== undefined && asked !== file) this.#note(asked, generation);
    this.#latest = file;
    return { ...result, url: withGeneration(url, generation) };
  }

  /** A file that is not there yet is waited for. */
  #tryResolve(
    specifier: string,
    context: ResolveHookContext,
    next: NextResolve,
    asked: string | undefined,
  ): ResolveFnOutput {
    try {
      return next(specifier, context);
    } catch (error) {
      if (asked !== undefined) for (const ending of ENDINGS) this.#onFile(asked + ending);
      throw error;
    }
  }

  /** The generation of the importer; none for what is not the application's. */
  #generationOf(specifier: string, parentUrl: string | undefined): number | undefined {
    const [, generation] = GENERATION.exec(parentUrl ?? '') ?? [];
    if (generation !== undefined) return Number(generation);
    if (specifier.replace(/\?.*$/, '') === this.#entryUrl) return this.#generation;
    // The URL of a CommonJS module has no query.
    const isOurs = parentUrl?.startsWith('file:') && this.#files.has(plainPath(fileURLToPath(parentUrl)));
    return isOurs ? this.#generation : undefined;
  }

  #note(file: string, generation: number): void {
    this.#files.add(file);
    if (generation === this.#generation) this.#onFile(file);
  }
}

const GENERATION = /[?&]highball=(\d+)/;

/** What CommonJS tries to add to a name (Node.js documentation, "Modules: CommonJS modules"), and TypeScript's. */
const ENDINGS = ['', '.js', '.json', '.cjs', '.ts', '.tsx'] as const;

function withGeneration(url: string, generation: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}highball=${generation}`;
}

/** Node remembers for ever where a link has led to; it may have been turned since. */
function followLink(url: string, asked: string | undefined): { file: string; url: string } {
  const file = plainPath(fileURLToPath(url));
  if (asked === undefined || asked === file) return { file, url };
  try {
    const target = realpathSync.native(asked);
    if (target !== file && statSync(target).isFile())
      return { file: target, url: pathToFileURL(target).href };
  } catch {
    // Not a path as it stands: an ending was added, or the file has just gone.
  }
  return { file, url };
}

/** The path without what this graph, and tsx, have added to it. */
function plainPath(path: string): string {
  return path.replace(/\?(?:highball|namespace|tsx-namespace)=.*$/, '');
}

/** Instances of the server's own packages must be those that the server has. */
function isHighball(specifier: string): boolean {
  return /^(?:@highball\/|highball(?:\/|$))/.test(specifier);
}

/** The path that an import names, where it names one: symbolic links are not followed. */
function askedPath(specifier: string, parentUrl: string | undefined): string | undefined {
  if (!/^(?:\.{1,2}\/|\/|file:)/.test(specifier)) return undefined;
  try {
    return plainPath(fileURLToPath(new URL(specifier, parentUrl)));
  } catch {
    return undefined;
  }
}
