import type { Socket } from 'node:net';
import type { CommandHandler } from './commands.ts';
import { ControlError, type ControlErrorCode } from './errors.ts';
import { LineSplitter } from './lines.ts';
import { type Answer, type CallId, parseRequest } from './messages.ts';
import type { ResolvedServerOptions } from './options.ts';

/** One client of a server: its calls run beside one another, each answer carries its id. */
export class Connection {
  readonly #socket: Socket;
  readonly #handlers: ReadonlyMap<string, CommandHandler>;
  readonly #options: ResolvedServerOptions;
  readonly #lines: LineSplitter;
  readonly #calls = new Map<CallId, AbortController>();
  #ended = false;

  constructor(socket: Socket, handlers: ReadonlyMap<string, CommandHandler>, options: ResolvedServerOptions) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#options = options;
    this.#lines = new LineSplitter(options.maxRequestBytes);
    socket.setTimeout(options.idleTimeoutMs, () => this.#idle());
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    // The client has said all it wants, and may still wait for answers: `echo … | nc -U PATH`.
    socket.on('end', () => this.#endWhenDone());
    // What a client does to its end is its own affair.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#abortAll());
  }

  /** Ends the calls under way and closes. */
  close(): void {
    this.#abortAll();
    this.#socket.destroy();
  }

  #hear(bytes: Buffer): void {
    const lines = this.#lines.push(bytes);
    if (lines === undefined) {
      return this.#refuse(`a request has ${this.#options.maxRequestBytes} bytes at the most`);
    }
    for (const line of lines) if (line.trim() !== '' && !this.#ended) this.#take(line);
  }

  #take(line: string): void {
    const request = parseRequest(line);
    if (request === undefined) {
      return this.#refuse('a request is one line of JSON: { "id": 1, "command": "NAME", "args": … }');
    }
    if ('cancel' in request) return this.#calls.get(request.id)?.abort();
    void this.#run(request.id, request.command, request.args);
  }

  async #run(id: CallId, command: string, args: unknown): Promise<void> {
    const controller = new AbortController();
    try {
      const handler = this.#admit(id, command);
      this.#calls.set(id, controller);
      await this.#answer(id, await handler(args, { signal: controller.signal }), controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) await this.#send({ id, error: describe(error) });
    } finally {
      if (this.#calls.get(id) === controller) this.#calls.delete(id);
      if (this.#ended) this.#endWhenDone();
    }
  }

  #admit(id: CallId, command: string): CommandHandler {
    if (this.#calls.has(id))
      throw new ControlError('invalid-request', `a call with the id ${id} is under way`);
    if (this.#calls.size >= this.#options.maxCalls) {
      throw new ControlError('busy', `${this.#options.maxCalls} calls are under way; wait for one of them`);
    }
    const handler = this.#handlers.get(command);
    if (handler) return handler;
    const known = [...this.#handlers.keys()].join(', ');
    throw new ControlError('unknown-command', `there is no command '${command}'; there are: ${known}`);
  }

  async #answer(id: CallId, value: unknown, signal: AbortSignal): Promise<void> {
    if (!isAsyncIterable(value)) return this.#send({ id, result: value ?? null });
    for await (const item of value) {
      // Leaving the loop tells the iterable to end.
      if (signal.aborted) return;
      await this.#send({ id, item });
    }
    await this.#send({ id, end: true });
  }

  /** Resolves when the client has taken it, or so much of it that there is room for more. */
  async #send(answer: Answer): Promise<void> {
    if (!this.#socket.writable) return;
    if (this.#socket.write(`${JSON.stringify(answer)}\n`)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = setTimeout(() => this.close(), this.#options.writeTimeoutMs);
    const done = (): void => resolve();
    this.#socket.once('drain', done).once('close', done);
    await promise;
    this.#socket.off('drain', done).off('close', done);
    clearTimeout(deadline);
  }

  #refuse(message: string): void {
    this.#ended = true;
    void this.#send({ id: null, error: { code: 'invalid-request', message } });
    this.#socket.destroySoon();
  }

  #idle(): void {
    if (this.#calls.size === 0) this.close();
  }

  #endWhenDone(): void {
    this.#ended = true;
    if (this.#calls.size === 0) this.#socket.end();
  }

  #abortAll(): void {
    for (const call of this.#calls.values()) call.abort();
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function describe(error: unknown): { code: ControlErrorCode; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof ControlError ? error.code : 'failed', message };
}
