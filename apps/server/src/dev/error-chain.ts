/** How an error of a chain belongs to the one before it: thrown, its cause, or gathered by an AggregateError. */
export type Relation = 'thrown' | 'cause' | 'gathered';

/** One error of a chain. */
export interface ChainLink {
  error: unknown;
  relation: Relation;
}

/** Longer chains are not shown. */
const MAX_ERRORS = 10;

/** An error, then its causes, then what an AggregateError has gathered; each once, since chains may be circles. */
export function chainOf(error: unknown): ChainLink[] {
  const chain = new Map<unknown, Relation>();
  const add = (link: unknown, relation: Relation): void => {
    if (chain.has(link) || chain.size >= MAX_ERRORS) return;
    chain.set(link, relation);
    if (!(link instanceof Error)) return;
    if (link.cause !== undefined) add(link.cause, 'cause');
    if (link instanceof AggregateError) for (const inner of link.errors) add(inner, 'gathered');
  };
  add(error, 'thrown');
  return Array.from(chain, ([link, relation]) => ({ error: link, relation }));
}

/** Errors of other realms (worker threads, vm) are none by instanceof. */
export function isError(error: unknown): error is Error {
  return error instanceof Error || Object.prototype.toString.call(error) === '[object Error]';
}
