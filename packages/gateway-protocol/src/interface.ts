import type { AsgiApplication } from './asgi.ts';

/**
 * The shapes that an application can have: `wsgi` is called with `(environ, startResponse)`, `asgi` with
 * `(scope, receive, send)`, `node` with `(req, res)`, `fetch` with `(request)`.
 */
export type InterfaceName = 'wsgi' | 'asgi' | 'node' | 'fetch';

/** From the registry of all symbols: a mark is read by every copy of this package. */
const MARK: unique symbol = Symbol.for('highball.interface') as never;
const NAMES: ReadonlySet<unknown> = new Set<InterfaceName>(['wsgi', 'asgi', 'node', 'fetch']);

/**
 * Says which shape an application has, so that no server needs to guess: all are functions, and the number
 * of their parameters tells little.
 *
 * @param app - the application; it is changed, and keeps its type.
 * @param name - its shape; a later mark replaces an earlier one.
 * @returns the application.
 * @throws TypeError when it cannot be marked, being frozen.
 */
export function markInterface<App extends object>(app: App, name: InterfaceName): App {
  return Object.defineProperty(app, MARK, { value: name, configurable: true, writable: true });
}

/** Marks an application as event-shaped: `export default asgi(async (scope, receive, send) => { … })`. */
export function asgi<App extends AsgiApplication>(app: App): App {
  return markInterface(app, 'asgi');
}

/** The shape that an application is marked with; undefined when it is not, or with one that is not known. */
export function interfaceOf(app: unknown): InterfaceName | undefined {
  if ((typeof app !== 'object' || app === null) && typeof app !== 'function') return undefined;
  const name = (app as { [MARK]?: InterfaceName })[MARK];
  return NAMES.has(name) ? name : undefined;
}
