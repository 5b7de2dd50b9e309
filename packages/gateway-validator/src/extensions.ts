import {
  CONNECTION_FIELDS,
  type Environ,
  type HeaderList,
  type UpgradedConnection,
} from '@highball/gateway-protocol';
import { checkFields, isPair } from './check-head.ts';
import type { Exchange } from './exchange.ts';
import { originalOf, remember } from './originals.ts';
import { kindOf } from './report.ts';

/** Fields that mean something only ahead of the body (RFC 9110 §6.5.1). */
const NO_TRAILERS: ReadonlySet<string> = new Set([
  ...CONNECTION_FIELDS,
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'max-forwards',
  'proxy-authenticate',
  'set-cookie',
  'trailer',
  'www-authenticate',
]);

/** Guards the optional callables of an environ, those that are there. */
export function guardExtensions(environ: Environ, exchange: Exchange): void {
  const hints = environ['wsgi.early_hints'];
  const upgrade = environ['highball.upgrade'];
  const trailers = environ['highball.trailers'];
  const sendTrailers = environ['highball.send_trailers'];
  const signal = environ['highball.signal'];
  const draining = environ['highball.draining'];
  if (isFunction(hints)) environ['wsgi.early_hints'] = place(guardHints, hints, exchange);
  if (isFunction(upgrade)) environ['highball.upgrade'] = place(guardUpgrade, upgrade, exchange);
  if (isFunction(trailers)) environ['highball.trailers'] = place(guardTrailers, trailers, exchange);
  if (isFunction(sendTrailers))
    environ['highball.send_trailers'] = place(guardSendTrailers, sendTrailers, exchange);
  if (isFunction(signal)) environ['highball.signal'] = place(guardSignal, signal, exchange);
  if (isFunction(draining)) environ['highball.draining'] = place(guardSignal, draining, exchange);
}

function isFunction<Callable>(value: Callable | undefined): value is Callable {
  return typeof value === 'function';
}

function place<Callable extends object>(
  guard: (callable: Callable, exchange: Exchange) => Callable,
  callable: Callable,
  exchange: Exchange,
): Callable {
  const original = originalOf(callable);
  return remember(guard(original, exchange), original, exchange);
}

function guardHints(send: (headers: HeaderList) => void, exchange: Exchange): (headers: HeaderList) => void {
  return (headers: HeaderList): void => {
    if (exchange.headSent || exchange.ended) {
      const mend = 'send them before the body';
      exchange.report('EARLY_HINTS_LATE', `wsgi.early_hints was called after the head was sent; ${mend}`);
    }
    const fields = checkFields(headers, 'wsgi.early_hints', exchange.report);
    if (fields.some(([name]) => name === 'content-length'))
      exchange.report('EARLY_HINTS_LENGTH', 'wsgi.early_hints got a Content-Length; leave it out');
    send(headers);
  };
}

function guardUpgrade(upgrade: () => UpgradedConnection, exchange: Exchange): () => UpgradedConnection {
  return (): UpgradedConnection => {
    if (exchange.upgraded) {
      exchange.report('UPGRADE_TWICE', 'highball.upgrade was called twice; keep what it returned');
    } else if (exchange.headSent || exchange.ended) {
      const mend = 'decide before the first piece of the body';
      exchange.report('UPGRADE_LATE', `highball.upgrade was called after the head was sent; ${mend}`);
    }
    const connection: unknown = upgrade();
    if (!isConnection(connection)) {
      const mend = 'return { socket, head }';
      exchange.report('UPGRADE_RESULT', `highball.upgrade returned ${kindOf(connection)}; ${mend}`);
    }
    exchange.upgraded = true;
    return connection as UpgradedConnection;
  };
}

function isConnection(value: unknown): value is UpgradedConnection {
  const { socket, head } = (value ?? {}) as Partial<UpgradedConnection>;
  return typeof socket === 'object' && socket !== null && head instanceof Uint8Array;
}

function guardTrailers(read: () => HeaderList, exchange: Exchange): () => HeaderList {
  return (): HeaderList => {
    const fields: unknown = read();
    if (!Array.isArray(fields) || !fields.every(isPair))
      exchange.report('TRAILERS_RESULT', 'highball.trailers returned no array of pairs; return [] for none');
    return fields as HeaderList;
  };
}

function guardSendTrailers(
  send: (trailers: HeaderList) => void,
  exchange: Exchange,
): (trailers: HeaderList) => void {
  return (trailers: HeaderList): void => {
    if (exchange.ended) {
      const mend = 'give them before the last piece, or in the generator of the body';
      exchange.report('TRAILERS_LATE', `highball.send_trailers was called after the body ended; ${mend}`);
    }
    for (const [name] of checkFields(trailers, 'highball.send_trailers', exchange.report)) {
      if (NO_TRAILERS.has(name))
        exchange.report('TRAILERS_FORBIDDEN', `highball.send_trailers got ${name}; send it with the head`);
    }
    exchange.noteTrailers();
    send(trailers);
  };
}

function guardSignal(make: () => AbortSignal, exchange: Exchange): () => AbortSignal {
  let before: AbortSignal | undefined;
  return (): AbortSignal => {
    const signal: unknown = make();
    if (!(signal instanceof AbortSignal) || (before !== undefined && before !== signal)) {
      const mend = 'make one, and keep it';
      exchange.report(
        'SIGNAL_RESULT',
        `a signal of environ is ${kindOf(signal)}, or another one each time; ${mend}`,
      );
    }
    before = signal as AbortSignal;
    return before;
  };
}
