import type {
  AsgiReceiveEvent,
  AsgiSendEvent,
  WebSocketAcceptEvent,
  WebSocketCloseEvent,
  WebSocketScope,
} from '@highball/gateway-protocol';
import { type Report, show } from '../report.ts';
import { type Conversation, offers } from './conversation.ts';

/** How far the connection is. */
type Stage = 'new' | 'connecting' | 'open' | 'refusing' | 'closed';

/** Room for a reason in a close frame: 125 bytes of a control frame, less two for the code (RFC 6455 §5.5.1). */
const REASON_BYTES = 123;

/** The order of events in a call about a WebSocket (ASGI WebSocket spec). */
export class WebSocketConversation implements Conversation {
  readonly #scope: WebSocketScope;
  readonly #report: Report;
  #stage: Stage = 'new';
  #connected = false;
  #disconnected = false;

  constructor(scope: WebSocketScope, report: Report) {
    this.#scope = scope;
    this.#report = report;
  }

  received({ type }: AsgiReceiveEvent): void {
    const first = type === 'websocket.connect';
    const early = type === 'websocket.receive' && (this.#stage === 'new' || this.#stage === 'connecting');
    const late = this.#disconnected && type !== 'websocket.disconnect';
    if (first === this.#connected || early || late) {
      const mend = 'give connect, then messages once accepted, then disconnect';
      this.#report('RECEIVED_ORDER', `receive gave ${type} out of place; ${mend}`);
    }
    this.#connected = true;
    if (this.#stage === 'new') this.#stage = 'connecting';
    if (type === 'websocket.disconnect') this.#disconnected = true;
  }

  sent(event: AsgiSendEvent): void {
    if (this.#stage === 'closed') {
      this.#report('WEBSOCKET_AFTER_CLOSE', `send got ${event.type} after the close; return instead`);
      return;
    }
    if (this.#stage === 'new')
      this.#report(
        'WEBSOCKET_ACCEPT_EARLY',
        `send got ${event.type} first; receive websocket.connect before`,
      );
    if (event.type === 'websocket.accept') this.#accept(event);
    else if (event.type === 'websocket.send') this.#message();
    else if (event.type === 'websocket.close') this.#close(event);
    else if (event.type === 'websocket.http.response.start') this.#refuse();
    else if (event.type === 'websocket.http.response.body') this.#refusalBody(event.more_body ?? false);
  }

  /** A server closes what was left open; there is nothing to say against that. */
  returned(): void {
    this.#stage = 'closed';
  }

  #accept({ subprotocol }: WebSocketAcceptEvent): void {
    if (this.#stage === 'open')
      this.#report('WEBSOCKET_ACCEPT_TWICE', 'send got websocket.accept twice; send it once');
    else if (this.#stage === 'refusing')
      this.#report('WEBSOCKET_REFUSAL', 'send got websocket.accept after the start of a refusal; choose one');
    this.#stage = 'open';
    if (typeof subprotocol !== 'string' || this.#scope.subprotocols?.includes(subprotocol)) return;
    const mend = 'choose from subprotocols of scope, or null';
    this.#report(
      'WEBSOCKET_SUBPROTOCOL',
      `websocket.accept has the subprotocol ${show(subprotocol)}; ${mend}`,
    );
  }

  #message(): void {
    if (this.#stage !== 'open' && this.#stage !== 'new')
      this.#report('WEBSOCKET_NOT_ACCEPTED', 'send got websocket.send first; send websocket.accept before');
  }

  #close({ code = 1000, reason }: WebSocketCloseEvent): void {
    this.#stage = 'closed';
    if (typeof reason === 'string' && Buffer.byteLength(reason) > REASON_BYTES)
      this.#report(
        'WEBSOCKET_CLOSE_CODE',
        `the reason of websocket.close is longer than ${REASON_BYTES} bytes; cut it`,
      );
    if (mayBeSent(code)) return;
    const mend = 'write 1000, or one of 3000 to 4999 of your own';
    this.#report('WEBSOCKET_CLOSE_CODE', `websocket.close has the code ${show(code)}; ${mend}`);
  }

  #refuse(): void {
    if (!offers(this.#scope, 'websocket.http.response')) {
      const mend = "look for 'websocket.http.response' in extensions of scope";
      this.#report('EXTENSION_MISSING', `this server refuses with 403 only; ${mend}`);
    }
    if (this.#stage === 'open' || this.#stage === 'refusing') {
      const mend = 'refuse once, and before websocket.accept';
      this.#report('WEBSOCKET_REFUSAL', `send got websocket.http.response.start out of place; ${mend}`);
    }
    this.#stage = 'refusing';
  }

  #refusalBody(more: boolean): void {
    if (this.#stage !== 'refusing') {
      const mend = 'send websocket.http.response.start before';
      this.#report('WEBSOCKET_REFUSAL', `send got websocket.http.response.body first; ${mend}`);
    }
    if (!more) this.#stage = 'closed';
  }
}

/** Whether a code may stand in a close frame: 1004 to 1006 and 1015 are only for what is told locally. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
