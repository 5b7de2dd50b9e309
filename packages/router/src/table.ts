import type { Application } from '@highball/gateway-protocol';
import { RouterError } from './errors.ts';
import { NO_PARAMS, type ParamValues } from './params.ts';
import { compilePattern, firstSegment, type Pattern } from './pattern.ts';
import type { Route } from './route.ts';

/** The routes of one pattern. */
interface Entry {
  readonly pattern: Pattern;
  readonly mounted: boolean;
  readonly methods: Map<string, Application>;
}

/** What was found for a request. */
export interface Found {
  readonly app: Application;
  readonly params: ParamValues;
  /** What of the path the mount point took; undefined for a route. */
  readonly mountedAt: string | undefined;
}

/** A method as RFC 9110 §9.1 has it, or `*` for all. */
const METHOD = /^(?:\*|[!#$%&'*+.^_`|~0-9A-Z-]+)$/;

/** Finds the route of a request: first by the whole path, then by the patterns in their order. */
export class RouteTable {
  readonly #caseSensitive: boolean;
  readonly #literals = new Map<string, Entry>();
  /** The patterns that a path with some first segment may match, in their order. */
  readonly #bySegment = new Map<string, Entry[]>();
  /** Those that a path with any first segment may match. */
  readonly #anywhere: Entry[] = [];

  /** @throws RouterError for a route that makes no sense. */
  constructor(routes: readonly Route[], caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive;
    const entries = new Map<string, Entry>();
    for (const route of routes) this.#add(route, entries);
  }

  /** The route for a method and a path, as text. */
  find(method: string, path: string): Found | undefined {
    const literal = this.#literals.get(this.#key(path));
    const app = literal && choose(literal.methods, method);
    if (app !== undefined) return { app, params: NO_PARAMS, mountedAt: undefined };
    for (const { pattern, methods, mounted } of this.#patternsFor(path)) {
      const match = pattern.match(path);
      if (match === undefined) continue;
      const app = choose(methods, method);
      if (app !== undefined)
        return { app, params: match.params, mountedAt: mounted ? match.path : undefined };
    }
    return undefined;
  }

  /** The methods that a path is known for. */
  methodsOf(path: string): readonly string[] {
    const literal = this.#literals.get(this.#key(path));
    const matching = this.#patternsFor(path).filter(({ pattern }) => pattern.match(path) !== undefined);
    return methodsOf(literal === undefined ? matching : [literal, ...matching]);
  }

  /** All methods that some path is known for. */
  allMethods(): readonly string[] {
    return methodsOf([
      ...this.#literals.values(),
      ...this.#anywhere,
      ...[...this.#bySegment.values()].flat(),
    ]);
  }

  #add(route: Route, entries: Map<string, Entry>): void {
    const { method, pattern, app, mounted } = route;
    if (!METHOD.test(method)) {
      const mend = "write it in upper case, or '*' for all";
      throw new RouterError('BAD_METHOD', `${JSON.stringify(method)} is no method; ${mend}`);
    }
    const key = `${mounted ? 'mount' : 'route'} ${this.#key(pattern)}`;
    let entry = entries.get(key);
    if (entry === undefined) entries.set(key, (entry = this.#insert(pattern, mounted)));
    if (entry.methods.has(method))
      throw new RouterError(
        'DUPLICATE_ROUTE',
        `${method} ${pattern} has two routes: the second is never taken`,
      );
    entry.methods.set(method, app);
  }

  #insert(source: string, mounted: boolean): Entry {
    const pattern = compilePattern(source, { caseSensitive: this.#caseSensitive, prefix: mounted });
    const entry: Entry = { pattern, mounted, methods: new Map() };
    if (pattern.literal === undefined) this.#order(entry);
    else this.#literals.set(this.#key(pattern.literal), entry);
    return entry;
  }

  /** Puts a pattern behind those before it, wherever they are asked. */
  #order(entry: Entry): void {
    const { segment } = entry.pattern;
    if (segment === undefined) {
      this.#anywhere.push(entry);
      for (const entries of this.#bySegment.values()) entries.push(entry);
      return;
    }
    const key = this.#key(segment);
    const entries = this.#bySegment.get(key) ?? [...this.#anywhere];
    entries.push(entry);
    this.#bySegment.set(key, entries);
  }

  #patternsFor(path: string): readonly Entry[] {
    return this.#bySegment.get(this.#key(firstSegment(path))) ?? this.#anywhere;
  }

  #key(path: string): string {
    return this.#caseSensitive ? path : path.toLowerCase();
  }
}

function choose(methods: ReadonlyMap<string, Application>, method: string): Application | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined) ?? methods.get('*');
}

function methodsOf(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ methods }) => [...methods.keys()]))];
}
