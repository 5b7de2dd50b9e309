import { isFetchApplication } from '@highball/fetch-adapter/handler';
import { type InterfaceName, interfaceOf } from '@highball/gateway-protocol';
import { recogniseNode } from '@highball/node-adapter/recognise';

/** What tells that an application is of no shape, or that its shape would have to be guessed. */
export class ShapeError extends Error {}

const FLAG = '--interface';

/**
 * Tells how an application wants to be called. What could be two things is refused, never guessed: a wrong guess
 * would be found by the first client.
 * @param asked - what the settings say; `auto` looks.
 * @throws ShapeError that says what would make it clear.
 */
export function shapeOf(value: unknown, asked: InterfaceName | 'auto'): InterfaceName {
  if (asked !== 'auto') return asked;
  const marked = interfaceOf(value);
  if (marked !== undefined) return marked;
  if (recogniseNode(value) !== undefined) return 'node';
  if (isFetchApplication(value)) return 'fetch';
  if (typeof value !== 'function') throw new ShapeError(notCallable(value));
  return shapeOfFunction(value);
}

function shapeOfFunction(app: unknown): InterfaceName {
  const { length } = app as () => void;
  const [first = '', second = ''] = parameterNames(app);
  if (length === 1) {
    throw new ShapeError(
      `takes one parameter: if it is a fetch handler, (request) => Response, say ${FLAG} fetch`,
    );
  }
  if (length >= 3) {
    const choice = `(scope, receive, send) is ${FLAG} asgi, (req, res, next) is ${FLAG} node`;
    throw new ShapeError(`takes ${length} parameters: say how to call it, ${choice}`);
  }
  if (/^_*req(uest)?$/i.test(first) && /^_*res(ponse)?$/i.test(second)) {
    throw new ShapeError(`takes (${first}, ${second}): if it is a handler of node:http, say ${FLAG} node`);
  }
  return 'wsgi';
}

/** The names of the first two parameters, where they are plain names: a hint for a message, nothing else. */
function parameterNames(app: unknown): string[] {
  const source = Function.prototype.toString.call(app);
  const [, list = ''] = /^[^(]*\(([^)]*)\)/.exec(source) ?? [];
  return list.split(',').map((name) => name.trim());
}

function notCallable(value: unknown): string {
  const kind = value === null ? 'null' : typeof value;
  return `is no application but ${kind}: it must be a function (environ, startResponse), an application of Express, Koa, Fastify or Hono, or another shape that ${FLAG} names`;
}
