import type { Clock } from './clock.ts';
import { isProtocolMessage, type MasterMessage, type WorkerMessage } from './protocol.ts';
import { Questions, type Reply } from './questions.ts';
import type { AskCallback } from './worker-side.ts';

/**
 * The other master process while there are two: the new one of an upgrade for the old one, and the other way round.
 * What one of them is told may concern the workers of both.
 */
export interface OtherMaster {
  /**
   * Asks it. Resolves with its reply, which may be why there is none, or with undefined where there is no other.
   * @param question - as JSON can carry it.
   */
  ask(question: unknown, options?: { readonly timeoutMs?: number }): Promise<Reply | undefined>;
  /** Answers what the other one asks: with what the callback returns, as JSON can carry it, or what it throws. */
  onAsk(callback: AskCallback): void;
}

/** How a master reaches the other one. */
export interface LineChannel {
  isOpen(): boolean;
  /** What cannot be sent is lost: who is to hear it has gone. */
  send(message: object): void;
}

/** One end of what two masters say to each other, with the messages that a master and its workers have. */
export class MasterLine {
  readonly #channel: LineChannel;
  readonly #questions: Questions;
  readonly #answer: AskCallback;

  /** @param answer - is called with what the other one asks. */
  constructor(channel: LineChannel, clock: Clock, answer: AskCallback) {
    this.#channel = channel;
    this.#questions = new Questions(clock);
    this.#answer = answer;
  }

  async ask(question: unknown, timeoutMs: number): Promise<Reply> {
    if (!this.#channel.isOpen()) return { problem: 'it cannot be asked' };
    return await this.#questions.ask((id) => this.#send({ prefork: 'ask', id, question }), timeoutMs);
  }

  /** Takes what has come; what is not of this protocol is somebody else's. */
  hear(message: unknown): void {
    if (!isProtocolMessage(message)) return;
    const known = message as MasterMessage | WorkerMessage;
    if (known.prefork === 'ask') void this.#reply(known.id, known.question);
    else if (known.prefork === 'answer') this.#questions.settle(known.id, known.reply);
  }

  /** The other one is gone. */
  close(): void {
    this.#questions.close();
  }

  async #reply(id: number, question: unknown): Promise<void> {
    let reply: Reply;
    try {
      reply = { answer: await this.#answer(question) };
    } catch (error) {
      reply = { problem: error instanceof Error ? error.message : String(error) };
    }
    this.#send({ prefork: 'answer', id, reply });
  }

  #send(message: object): void {
    if (this.#channel.isOpen()) this.#channel.send(message);
  }
}
