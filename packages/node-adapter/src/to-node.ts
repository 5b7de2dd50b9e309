import {
  createEnvironBuilder,
  EnvironError,
  type EnvironBuilder,
  type EnvironOptions,
} from '@highball/environ';
import type { Application, Environ, ErrorStream } from '@highball/gateway-protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { http } from './builtin-http.ts';
import { ClientGoneError } from './errors.ts';
import { nodeEnviron } from './node-environ.ts';
import { NodeResponse } from './node-response.ts';
import { UpgradeOffer } from './upgrade-offer.ts';

/** How an application is run on node:http. */
export interface ToNodeOptions {
  /** Trusted proxies, the place where the application is mounted: see @highball/environ. */
  readonly environ?: EnvironOptions;
  /** Where `wsgi.errors` and the application's failures go. @default the process's stderr */
  readonly errors?: ErrorStream;
}

/** A gateway application as node:http, Express and connect call it. */
export interface NodeListener {
  /**
   * @param next - as Express calls its middleware: gets the error of an application that fails before its head is
   *   sent. Without it the answer is 500.
   */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** For the server's 'upgrade' and 'connect' events; without it no application can take a connection over. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

interface Context {
  readonly app: Application;
  readonly build: EnvironBuilder;
  readonly errors: ErrorStream;
}

const stderr: ErrorStream = {
  write: (text) => void process.stderr.write(text),
  writelines: (lines) => {
    for (const line of lines) process.stderr.write(line);
  },
  // The process writes to stderr at once.
  flush: () => undefined,
};

/**
 * Makes a `(req, res)` listener of a gateway application: `createServer(toNode(app))`, or `express.use(toNode(app))`
 * where SCRIPT_NAME is the place of the mount.
 * @throws EnvironOptionError when an option of environ makes no sense.
 */
export function toNode(app: Application, options: ToNodeOptions = {}): NodeListener {
  const context: Context = {
    app,
    build: createEnvironBuilder(options.environ),
    errors: options.errors ?? stderr,
  };
  const listener = (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ): void => {
    void answer(context, request, response, next);
  };
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    void answerUpgrade(context, request, socket, head);
  };
  return Object.assign(listener, { upgrade });
}

async function answer(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
): Promise<void> {
  try {
    const environ = nodeEnviron(request, context.build, context.errors);
    await run(context.app, environ, response);
  } catch (error) {
    fail(context.errors, response, error, next);
  }
}

/** Who does not take the connection over answers as usual; node:http has let go of the connection, so it closes. */
async function answerUpgrade(
  context: Context,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const offer = new UpgradeOffer(request, socket, head);
  try {
    const environ = nodeEnviron(request, context.build, context.errors);
    environ['highball.upgrade'] = () => offer.take();
    await run(context.app, environ, offer.response, offer);
  } catch (error) {
    if (offer.taken) socket.destroy();
    else offer.attach();
    fail(context.errors, offer.response, error);
  }
}

async function run(
  app: Application,
  environ: Environ,
  response: ServerResponse,
  offer?: UpgradeOffer,
): Promise<void> {
  const sink = new NodeResponse(response);
  extendEnviron(environ, sink, response);
  const body = await app(environ, sink.start);
  if (offer?.taken) return;
  offer?.attach();
  await sink.send(body);
}

/** The keys of a server that can do more than PEP 3333 asks (see gateway-protocol's Environ). */
function extendEnviron(environ: Environ, sink: NodeResponse, response: ServerResponse): void {
  let controller: AbortController | undefined;
  environ['wsgi.early_hints'] = (headers) => sink.sendEarlyHints(headers);
  environ['highball.send_trailers'] = (trailers) => sink.addTrailers(trailers);
  environ['highball.send_head'] = () => sink.sendHead();
  environ['highball.signal'] = () => {
    if (controller !== undefined) return controller.signal;
    const made = (controller = new AbortController());
    const abort = (): void => {
      if (!response.writableFinished) made.abort(new ClientGoneError());
    };
    if (response.destroyed) abort();
    else response.once('close', abort);
    return made.signal;
  };
}

/** Before the head 500, without the reason; behind it a cut, so that nothing looks whole (PEP 3333, "Error Handling"). */
function fail(
  errors: ErrorStream,
  response: ServerResponse,
  error: unknown,
  next?: (error?: unknown) => void,
): void {
  if (response.headersSent || response.destroyed) {
    if (!response.destroyed) errors.write(`the application failed behind its head: ${textOf(error)}\n`);
    response.destroy();
    return;
  }
  if (next !== undefined) {
    next(error);
    return;
  }
  const status = error instanceof EnvironError ? error.status : 500;
  if (status === 500) errors.write(`the application failed: ${textOf(error)}\n`);
  const page = `${status} ${http.STATUS_CODES[status]}\n`;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': page.length });
  response.end(page);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}
