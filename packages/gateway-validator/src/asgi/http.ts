import type {
  AsgiReceiveEvent,
  AsgiSendEvent,
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
  HttpScope,
} from '@highball/gateway-protocol';
import type { Report } from '../report.ts';
import { type Conversation, offers } from './conversation.ts';

/** How far the answer is. */
type Stage = 'hints' | 'body' | 'trailers' | 'over';

/** The order of events in a call about a request (ASGI HTTP spec). */
export class HttpConversation implements Conversation {
  readonly #scope: HttpScope;
  readonly #report: Report;
  #stage: Stage = 'hints';
  #bodyReceived = false;
  #disconnected = false;
  #status = 0;
  #trailers = false;
  #contentLength = -1;
  #bytes = 0;

  constructor(scope: HttpScope, report: Report) {
    this.#scope = scope;
    this.#report = report;
  }

  received(event: AsgiReceiveEvent): void {
    if (event.type === 'http.disconnect') {
      this.#disconnected = true;
    } else if (event.type === 'http.request') {
      if (this.#bodyReceived || this.#disconnected) {
        const mend = 'wait, then give http.disconnect';
        this.#report('RECEIVED_ORDER', `receive gave http.request after the end of the body; ${mend}`);
      }
      this.#bodyReceived = !event.more_body;
    }
  }

  sent(event: AsgiSendEvent): void {
    if (this.#stage === 'over') {
      const mend = 'set more_body on all but the last piece';
      this.#report('HTTP_AFTER_END', `send got ${event.type} after the end of the response; ${mend}`);
      return;
    }
    if (event.type === 'http.response.start') this.#start(event);
    else if (event.type === 'http.response.body') this.#body(event);
    else if (event.type === 'http.response.trailers') this.#sendTrailers(event.more_trailers ?? false);
    else this.#hint(event.type);
  }

  returned(): void {
    // Nobody waits for an answer any more.
    if (this.#stage === 'over' || this.#disconnected) return;
    const mend = 'send http.response.start, and a body event without more_body';
    this.#report('HTTP_INCOMPLETE', `the application returned without a whole response; ${mend}`);
  }

  #start({ status, headers = [], trailers = false }: HttpResponseStartEvent): void {
    if (this.#stage !== 'hints') {
      this.#report('HTTP_START_TWICE', 'send got http.response.start twice; send it once');
      return;
    }
    this.#stage = 'body';
    this.#status = status;
    // To a server that does not know them they cannot come.
    this.#trailers = trailers && this.#isOffered('http.response.trailers', 'trailers: true');
    const length = Array.isArray(headers) ? headers.find((pair) => pair?.[0] === 'content-length')?.[1] : '';
    this.#contentLength = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : -1;
  }

  #body({ body, more_body: more = false }: HttpResponseBodyEvent): void {
    if (this.#stage === 'hints')
      this.#report(
        'HTTP_BODY_BEFORE_START',
        'send got http.response.body first; send http.response.start before',
      );
    else if (this.#stage === 'trailers')
      this.#report('HTTP_AFTER_END', 'send got http.response.body after the last one; send trailers now');
    else this.#count(body instanceof Uint8Array ? body.length : 0, more);
    if (!more) this.#stage = this.#trailers ? 'trailers' : 'over';
  }

  #count(size: number, more: boolean): void {
    const before = this.#bytes;
    this.#bytes += size;
    const bodiless = this.#status === 204 || this.#status === 304;
    if (bodiless && before === 0 && size > 0)
      this.#report('HTTP_BODY_UNWANTED', `a ${this.#status} has a body; send it without one`);
    if (this.#contentLength === -1 || bodiless) return;
    const tooLong = before <= this.#contentLength && this.#bytes > this.#contentLength;
    const tooShort = !more && this.#bytes < this.#contentLength && this.#scope.method !== 'HEAD';
    if (tooLong || tooShort) {
      const found = `the body has ${this.#bytes} bytes${more ? ' or more' : ''}`;
      this.#report('HTTP_CONTENT_LENGTH', `${found}, content-length says ${this.#contentLength}; correct it`);
    }
  }

  #sendTrailers(more: boolean): void {
    if (!this.#isOffered('http.response.trailers', 'http.response.trailers')) return;
    if (this.#stage !== 'trailers') {
      const mend = 'set trailers: true in the start, and send them behind the last piece';
      this.#report('HTTP_TRAILERS_UNANNOUNCED', `send got http.response.trailers out of place; ${mend}`);
    }
    if (!more) this.#stage = 'over';
  }

  #hint(type: string): void {
    this.#isOffered('http.response.early_hint', type);
    if (this.#stage !== 'hints')
      this.#report('HTTP_HINT_LATE', `send got ${type} after http.response.start; send it before`);
  }

  #isOffered(extension: string, what: string): boolean {
    if (offers(this.#scope, extension)) return true;
    const mend = `look for '${extension}' in extensions of scope`;
    this.#report('EXTENSION_MISSING', `send got ${what}, which this server does not know; ${mend}`);
    return false;
  }
}
