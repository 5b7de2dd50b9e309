import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './answer-reader.ts';

/** Why an exchange came to nothing. */
export class LostError extends Error {
  /** Whether the connection ended under the request: a dead worker may be the cause. */
  readonly cut: boolean;

  constructor(reason: string, cut: boolean) {
    super(reason);
    this.name = 'LostError';
    this.cut = cut;
  }
}

/** One connection of a client, with one request at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  readonly localPort: number;
  #over: string | undefined;
  #answered: ((answer: Answer) => void) | undefined;
  #lost: ((error: LostError) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.localPort = socket.localPort ?? 0;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('end', () => this.#end('closed'));
    socket.on('close', () => this.#end('closed'));
  }

  /** @throws LostError `connect ECONNREFUSED`…, which no dead worker explains: the sockets are the master's. */
  static async open(port: number, deadlineMs: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string): void => reject(new LostError(`connect ${why}`, false));
    const timer = setTimeout(() => fail('timeout'), deadlineMs);
    const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? error.message);
    socket.once('connect', resolve).once('error', onError);
    try {
      await promise;
      return new Connection(socket.off('error', onError));
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the server has not closed it, as far as is known here. */
  get open(): boolean {
    return this.#over === undefined;
  }

  /**
   * Sends a request and waits for its answer.
   * @throws LostError when the connection ends before that, or what comes is no answer, or the time is up.
   */
  async exchange(parts: readonly Buffer[], pauseMs: number, deadlineMs: number): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#answered = resolve;
    this.#lost = reject;
    const timer = setTimeout(() => reject(new LostError(`no answer in ${deadlineMs} ms`, false)), deadlineMs);
    void this.#send(parts, pauseMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#answered = undefined;
      this.#lost = undefined;
    }
  }

  close(): void {
    this.#over ??= 'closed by the client';
    this.#socket.destroy();
  }

  async #send(parts: readonly Buffer[], pauseMs: number): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (!this.open) return;
      this.#socket.write(part);
    }
  }

  #read(bytes: Buffer): void {
    this.#reader.push(bytes);
    try {
      const answer = this.#reader.take();
      if (answer) this.#answered?.(answer);
    } catch (error) {
      this.#lost?.(new LostError(`a wrong answer: ${(error as Error).message}`, false));
    }
  }

  #end(why: string): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    const when = this.#reader.begun ? 'within the answer' : 'before the answer';
    this.#lost?.(new LostError(`${why} ${when}`, true));
    this.#socket.destroy();
  }
}
