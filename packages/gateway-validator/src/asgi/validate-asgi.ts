import {
  asgi,
  type AsgiApplication,
  type AsgiReceive,
  type AsgiReceiveEvent,
  type AsgiScope,
  type AsgiSend,
} from '@highball/gateway-protocol';
import { ValidatorOptionError } from '../errors.ts';
import { createReporter, isThenable, kindOf, type Report, type ValidateOptions } from '../report.ts';
import { checkReceived, checkSent } from './check-event.ts';
import { checkScope } from './check-scope.ts';
import type { Conversation } from './conversation.ts';
import { converse } from './converse.ts';

/**
 * Puts a validator between a server and an event-shaped application (ASGI 3), which reports each breach of the
 * protocol by either side. Events go through as they are, and when they are asked for.
 *
 * @param options - where breaches go. @default a wrong event rejects the `receive` or `send` that it came through;
 *   a wrong scope, or a response that is left incomplete, rejects the call of the application
 * @throws ValidatorOptionError when `app` is no function.
 */
export function validateAsgi(app: AsgiApplication, options: ValidateOptions = {}): AsgiApplication {
  if (typeof app !== 'function') throw new ValidatorOptionError(`${kindOf(app)} is no application`);
  const { report } = createReporter(options);
  return asgi(async (...args: unknown[]) => {
    const [scope, receive, send] = args as [AsgiScope, AsgiReceive, AsgiSend];
    if (args.length !== 3 || typeof receive !== 'function' || typeof send !== 'function')
      report(
        'ASGI_CALL_ARGUMENTS',
        'the application was not called with scope, receive and send; pass these',
      );
    if (!checkScope(scope, report)) return app(scope, receive, send);
    const call = new Call(scope, converse(scope, report), report);
    await call.run(app, receive, send);
  });
}

/** One call of an application. */
class Call {
  readonly #scope: AsgiScope;
  readonly #conversation: Conversation;
  readonly #report: Report;
  #receiving = false;
  /** Whether the server refused an event: the client is gone. */
  #refused = false;
  #returned = false;

  constructor(scope: AsgiScope, conversation: Conversation, report: Report) {
    this.#scope = scope;
    this.#conversation = conversation;
    this.#report = report;
  }

  async run(app: AsgiApplication, receive: AsgiReceive, send: AsgiSend): Promise<void> {
    try {
      const running: unknown = app(
        this.#scope,
        () => this.#receive(receive),
        (event) => this.#send(send, event),
      );
      if (!isThenable(running))
        this.#report('ASGI_NO_PROMISE', `the application returned ${kindOf(running)}; make it async`);
      await running;
    } finally {
      this.#returned = true;
    }
    if (!this.#refused) this.#conversation.returned();
  }

  async #receive(receive: AsgiReceive): Promise<AsgiReceiveEvent> {
    this.#mustRun('receive');
    if (this.#receiving)
      this.#report('RECEIVE_OVERLAP', 'receive was called while another call waits; await that first');
    this.#receiving = true;
    try {
      const event: unknown = await this.#promise('receive', receive());
      if (checkReceived(event, this.#scope.type, this.#report)) this.#conversation.received(event);
      return event as AsgiReceiveEvent;
    } finally {
      this.#receiving = false;
    }
  }

  async #send(send: AsgiSend, event: unknown): Promise<void> {
    this.#mustRun('send');
    if (checkSent(event, this.#scope.type, this.#report)) this.#conversation.sent(event);
    const sending = this.#promise('send', send(event as Parameters<AsgiSend>[0]));
    try {
      await sending;
    } catch (error) {
      this.#refused = true;
      throw error;
    }
  }

  #mustRun(callable: string): void {
    if (!this.#returned) return;
    const mend = 'await what the application begins';
    this.#report('RECEIVE_AFTER_RETURN', `${callable} was called after the application returned; ${mend}`);
  }

  #promise<Value>(callable: string, result: Promise<Value>): Promise<Value> {
    if (!isThenable(result))
      this.#report('SEND_NO_PROMISE', `${callable} returned ${kindOf(result)}; return a promise`);
    return result;
  }
}
