import { connect, type Socket } from 'node:net';
import type { CommandTypes } from './commands.ts';
import { ControlError } from './errors.ts';
import { LineSplitter } from './lines.ts';
import { type Answer, type CallId, parseAnswer } from './messages.ts';
import { PendingCall } from './pending-call.ts';

/** Options of {@link connectControl}. */
export interface ControlClientOptions {
  /** How long connecting may take, and the wait for an answer; a stream's items have no deadline. @default 30_000 */
  readonly timeoutMs?: number;
  /** Bytes of one answer. @default 16_777_216 */
  readonly maxAnswerBytes?: number;
}

/** What a call may have of its own. */
export interface CallOptions {
  /** How long the answer may take, in place of the client's; Infinity waits for ever. */
  readonly timeoutMs?: number;
}

/** A connection to a {@link ControlServer}. */
export interface ControlClient<Types extends CommandTypes> {
  /**
   * Runs a command and gives its answer.
   * @throws {ControlError} `unknown-command`, `failed` and others; `disconnected`, `timeout`.
   */
  call<Name extends keyof Types & string>(
    command: Name,
    args?: Types[Name]['args'],
    options?: CallOptions,
  ): Promise<Types[Name]['result']>;
  /** Runs a command that answers again and again; leaving the loop ends it. */
  stream<Name extends keyof Types & string>(
    command: Name,
    args?: Types[Name]['args'],
  ): AsyncIterableIterator<Types[Name]['result']>;
  /** Ends the calls under way, which fail with `disconnected`, and the connection. */
  close(): void;
}

const TIMEOUT_MS = 30_000;
/** Ten thousand workers of a kilobyte each. */
const MAX_ANSWER_BYTES = 16_777_216;

/**
 * Connects to a server.
 * @throws {ControlError} `not-running` when nobody listens on the path, `permission`, `timeout`.
 */
export async function connectControl<Types extends CommandTypes>(
  path: string,
  options: ControlClientOptions = {},
): Promise<ControlClient<Types>> {
  const socket = await openSocket(path, options.timeoutMs ?? TIMEOUT_MS);
  return new SocketClient(socket, options);
}

async function openSocket(path: string, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path, () => resolve(socket));
  socket.setTimeout(timeoutMs, () =>
    reject(new ControlError('timeout', `${path} does not answer within ${timeoutMs} ms`)),
  );
  socket.once('error', (error) => reject(cannotConnect(path, error)));
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setTimeout(0);
  return socket;
}

class SocketClient implements ControlClient<CommandTypes> {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #lines: LineSplitter;
  readonly #calls = new Map<CallId, PendingCall>();
  #lastId = 0;
  #failure: ControlError | undefined;

  constructor(socket: Socket, options: ControlClientOptions) {
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#lines = new LineSplitter(options.maxAnswerBytes ?? MAX_ANSWER_BYTES);
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    socket.on('error', (error) => this.#fail(`the connection has failed: ${error.message}`));
    socket.on('close', () => this.#fail('the other end has closed the connection'));
  }

  async call(command: string, args?: unknown, options: CallOptions = {}): Promise<unknown> {
    const call = this.#start(command, args);
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    try {
      return (await call.next(timeoutMs)).value;
    } finally {
      this.#finish(call);
    }
  }

  async *stream(command: string, args?: unknown): AsyncGenerator<unknown, void> {
    const call = this.#start(command, args);
    try {
      for (;;) {
        const { value, last } = await call.next(Number.POSITIVE_INFINITY);
        if (!(last && value === undefined)) yield value;
        if (last) return;
      }
    } finally {
      this.#finish(call);
    }
  }

  close(): void {
    for (const call of this.#calls.values()) {
      this.#cancel(call);
      call.fail(new ControlError('disconnected', 'the connection was closed here'));
    }
    this.#socket.destroySoon();
  }

  #start(command: string, args: unknown): PendingCall {
    if (this.#failure) throw this.#failure;
    const call = new PendingCall(++this.#lastId, (full) =>
      full ? this.#socket.pause() : this.#socket.resume(),
    );
    this.#calls.set(call.id, call);
    this.#socket.write(`${JSON.stringify({ id: call.id, command, args })}\n`);
    return call;
  }

  #finish(call: PendingCall): void {
    this.#calls.delete(call.id);
    this.#socket.resume();
    this.#cancel(call);
  }

  #cancel(call: PendingCall): void {
    if (call.over || !this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify({ id: call.id, cancel: true })}\n`);
  }

  #hear(bytes: Buffer): void {
    const lines = this.#lines.push(bytes);
    if (lines === undefined) return this.#fail('the other end sends more than it may');
    for (const line of lines) {
      const answer = parseAnswer(line);
      if (answer === undefined)
        return this.#fail('the other end does not speak the protocol of control sockets');
      this.#take(answer);
    }
  }

  #take(answer: Answer): void {
    const error = 'error' in answer ? new ControlError(answer.error.code, answer.error.message) : undefined;
    // Said of the connection and not of one call.
    if (error && answer.id === null) return this.#failAll(error);
    const call = this.#calls.get(answer.id);
    if (error) call?.fail(error);
    else if ('item' in answer) call?.push(answer.item, false);
    else call?.push('result' in answer ? answer.result : undefined, true);
  }

  #fail(message: string): void {
    this.#failAll(new ControlError('disconnected', message));
  }

  #failAll(error: ControlError): void {
    this.#failure ??= error;
    for (const call of this.#calls.values()) call.fail(this.#failure);
    this.#socket.destroy();
  }
}

function cannotConnect(path: string, cause: NodeJS.ErrnoException): ControlError {
  switch (cause.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new ControlError('not-running', `nothing listens on ${path}`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new ControlError(
        'permission',
        `${path} belongs to another user; run this as that user or as root`,
        {
          cause,
        },
      );
    default:
      return new ControlError('disconnected', `cannot connect to ${path}: ${cause.code ?? cause.message}`, {
        cause,
      });
  }
}
