import type {
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSendEvent,
  AsgiState,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketReceivedEvent,
  WebSocketSendEvent,
} from '@highball/gateway-protocol';
import {
  type Closure,
  type WebSocketAcceptor,
  type WebSocketConnection,
  WebSocketSendError,
} from '@highball/websocket';
import { AsgiProtocolError, ClientDisconnected } from './errors.ts';
import { DONE, isPromise, quietly, softly } from './promises.ts';
import { report } from './report.ts';
import { Responder, type ResponderOwner } from './responder.ts';
import { webSocketScope } from './scope.ts';

/** Close codes (RFC 6455 §7.4.1). */
const NORMAL = 1000;
const ABNORMAL = 1006;
const INTERNAL_ERROR = 1011;

/** Runs an event-shaped application for one WebSocket of a call-shaped server. */
export class WebSocketExchange implements ResponderOwner {
  readonly #acceptor: WebSocketAcceptor;
  readonly #environ: Environ;
  readonly #responder: Responder;
  readonly #startResponse: StartResponse;
  #state: 'new' | 'connecting' | 'open' | 'closing' | 'refused' | 'gone' = 'new';
  #connection: WebSocketConnection | undefined;
  /** Resolves when it is decided what becomes of the handshake. */
  readonly #decided: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #body: PromiseWithResolvers<ResponseBody> = Promise.withResolvers();

  constructor(acceptor: WebSocketAcceptor, environ: Environ, startResponse: StartResponse) {
    this.#acceptor = acceptor;
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#responder = new Responder(startResponse, false, this);
  }

  /** Calls the application. @returns the body: of a refusal, or an empty one once the WebSocket is open. */
  run(
    app: AsgiApplication,
    subprotocols: readonly string[],
    state: AsgiState | undefined,
  ): Promise<ResponseBody> {
    const scope = webSocketScope(this.#environ, subprotocols, state);
    const running: unknown = app(scope, this.#receive, this.#send);
    if (isPromise(running))
      running.then(() => this.#onReturned(), (error: unknown) => this.#onThrown(error)); // prettier-ignore
    else this.#onReturned();
    return this.#body.promise;
  }

  onBody(body: ResponseBody): void {
    this.#refused(body);
  }

  onComplete(): void {
    // The application may go on; nobody waits for it.
  }

  onStopped(): void {
    this.#state = 'gone';
  }

  readonly #receive = (): Promise<AsgiReceiveEvent> => {
    if (this.#state === 'new') {
      this.#state = 'connecting';
      return Promise.resolve({ type: 'websocket.connect' });
    }
    return this.#next();
  };

  async #next(): Promise<WebSocketReceivedEvent> {
    if (this.#state === 'connecting') await this.#decision();
    const connection = this.#connection;
    if (connection === undefined) return disconnect({ code: ABNORMAL, reason: '' });
    const message = await connection.receive();
    if (message === undefined) return disconnect(await connection.closed);
    return typeof message === 'string'
      ? { type: 'websocket.receive', text: message }
      : { type: 'websocket.receive', bytes: message };
  }

  /** Waits until the application, in another of its tasks, has decided; or until the client has left. */
  #decision(): Promise<void> {
    const signal = this.#environ['highball.signal']?.();
    const onLeft = (): void => {
      if (this.#state === 'connecting') this.#state = 'gone';
      this.#decided.resolve();
    };
    if (signal?.aborted) onLeft();
    else signal?.addEventListener('abort', onLeft, { once: true });
    return this.#decided.promise;
  }

  readonly #send = (event: AsgiSendEvent): Promise<void> => {
    if (this.#state === 'gone') return quietly(new ClientDisconnected());
    try {
      return this.#take(event);
    } catch (error) {
      return quietly(error as Error);
    }
  };

  #take(event: AsgiSendEvent): Promise<void> {
    switch (event.type) {
      case 'websocket.accept':
        return this.#accept(event);
      case 'websocket.send':
        return this.#sendMessage(event);
      case 'websocket.close':
        return this.#close(event);
      case 'websocket.http.response.start':
        this.#mustBeUndecided(event.type);
        this.#responder.start(event);
        return DONE;
      case 'websocket.http.response.body':
        if (this.#connection !== undefined) throw unexpected(event.type);
        return this.#responder.body(event.body, event.more_body);
      default:
        throw unexpected(event.type);
    }
  }

  /** @throws WebSocketUsageError BAD_SUBPROTOCOL, BAD_HEADER */
  #accept({ type, subprotocol = null, headers = [] }: WebSocketAcceptEvent): Promise<void> {
    this.#mustBeUndecided(type);
    this.#connection = this.#acceptor.accept(this.#environ, { subprotocol, headers: headers as HeaderList });
    this.#state = 'open';
    this.#decided.resolve();
    this.#body.resolve([]);
    return DONE;
  }

  #sendMessage(event: WebSocketSendEvent): Promise<void> {
    if (this.#state !== 'open') throw unexpected(event.type);
    const message = event.text ?? event.bytes;
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
      throw new AsgiProtocolError('BAD_EVENT', 'a message is text, or bytes in a Uint8Array');
    }
    const connection = this.#connection as WebSocketConnection;
    const sent = connection.send(message);
    // Most messages are taken at once: for these no promise is made.
    return connection.open && connection.unsentBytes === 0 ? DONE : softly(sent.catch(asDisconnected));
  }

  /** Does not wait for the peer's answer: the application may do so by receiving. */
  #close({ type, code = NORMAL, reason }: WebSocketCloseEvent): Promise<void> {
    if (this.#connection === undefined) {
      this.#mustBeUndecided(type);
      this.#startResponse('403 Forbidden', []);
      this.#refused([]);
      return DONE;
    }
    if (this.#state !== 'open') throw unexpected(type);
    this.#state = 'closing';
    const closing = this.#connection.close(code, reason ?? '');
    // A code that cannot be sent is told at once, a connection that lingers is not waited for.
    return softly(Promise.race([closing.then(() => undefined), DONE.then(() => undefined)]));
  }

  #refused(body: ResponseBody): void {
    this.#state = 'refused';
    this.#decided.resolve();
    this.#body.resolve(body);
  }

  #onReturned(): void {
    if (this.#connection !== undefined) void this.#connection.close(NORMAL);
    else if (this.#state === 'gone') this.#onThrown(new ClientDisconnected());
    else if (this.#responder.headSent && !this.#responder.complete) {
      this.#responder.fail(
        new AsgiProtocolError('INCOMPLETE_RESPONSE', 'the application returned too early'),
      );
    } else if (this.#state !== 'refused') {
      const message = 'the application returned without accepting the WebSocket or closing it';
      this.#body.reject(new AsgiProtocolError('NO_RESPONSE', message));
    }
  }

  #onThrown(error: unknown): void {
    if (this.#connection !== undefined) {
      report(error, this.#environ);
      void this.#connection.close(INTERNAL_ERROR);
    } else if (this.#responder.headSent) this.#responder.fail(error);
    else if (error instanceof ClientDisconnected) {
      this.#startResponse('499 Client Closed Request', []);
      this.#refused([]);
    } else this.#body.reject(error);
  }

  #mustBeUndecided(type: string): void {
    if (this.#connection !== undefined || this.#state === 'refused' || this.#responder.begun)
      throw unexpected(type);
  }
}

/** ASGI WebSocket spec 2.4: to send to who has left is one kind of error, whatever this server calls it. */
function asDisconnected(cause: unknown): never {
  throw cause instanceof WebSocketSendError ? new ClientDisconnected({ cause }) : cause;
}

function disconnect({ code, reason }: Closure): WebSocketReceivedEvent {
  return { type: 'websocket.disconnect', code, reason };
}

function unexpected(type: string): AsgiProtocolError {
  return new AsgiProtocolError('UNEXPECTED_EVENT', `${type} has no place in a WebSocket at this point`);
}
