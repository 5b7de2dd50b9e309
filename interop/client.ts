import { once } from 'node:events';
import net from 'node:net';
import { type ResponseHead, ResponseParser } from '@highball/http-parser';

/** What came back for one request. */
export interface Answer {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Whether the message came to its end; not so when the connection was cut inside. */
  readonly complete: boolean;
}

/** A piece of what is sent, or what is done in between. */
export type Step = string | Uint8Array | { pauseMs: number } | { awaitContinue: true };

const PATIENCE_MS = 15_000;

/** One connection; what is sent is sent as it is written. */
export class Client {
  readonly #socket: net.Socket;
  readonly #parser: ResponseParser;
  readonly #answers: Answer[] = [];
  #head: ResponseHead | undefined;
  #chunks: Uint8Array[] = [];
  #closed = false;
  #continued = false;
  #wake: () => void = () => undefined;
  /** Why the answers cannot be read. */
  #fault = '';

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#parser = new ResponseParser({
      onInformational: (head) => (this.#continued ||= head.status === 100),
      onHead: (head) => {
        this.#head = head;
        this.#chunks = [];
      },
      onBody: (chunk) => this.#chunks.push(chunk),
      onEnd: () => this.#keep(true),
    });
    socket.on('data', (bytes: Buffer) => this.#read(() => this.#parser.push(bytes)));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#read(() => this.#parser.finish());
      if (this.#head !== undefined) this.#keep(false);
      this.#wake();
    });
  }

  static async connect(port: number): Promise<Client> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** Sends requests of these methods; resolves with their answers, fewer when the connection is closed before. */
  async request(methods: readonly string[], steps: readonly Step[]): Promise<Answer[]> {
    for (const method of methods) this.#parser.expect(method);
    const timer = setTimeout(() => {
      this.#fault = `nothing more came within ${PATIENCE_MS} ms`;
      this.#socket.destroy();
    }, PATIENCE_MS);
    try {
      for (const step of steps) await this.#do(step);
      while (this.#answers.length < methods.length && !this.#closed) await this.#news();
    } finally {
      clearTimeout(timer);
    }
    if (this.#fault !== '') throw new Error(this.#fault);
    return this.#answers.splice(0);
  }

  /** Whether the server closes the connection within a moment. */
  async closes(): Promise<boolean> {
    const deadline = Date.now() + 10_000;
    while (!this.#closed && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    return this.#closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #do(step: Step): Promise<void> {
    if (typeof step === 'object' && 'pauseMs' in step) {
      await new Promise((resolve) => setTimeout(resolve, step.pauseMs));
    } else if (typeof step === 'object' && 'awaitContinue' in step) {
      while (!this.#continued && this.#answers.length === 0 && !this.#closed) await this.#news();
    } else if (!this.#closed) {
      this.#socket.write(typeof step === 'string' ? Buffer.from(step, 'latin1') : step);
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #keep(complete: boolean): void {
    const { status, fields } = this.#head as ResponseHead;
    const pairs = Array.from(
      { length: fields.length / 2 },
      (_, i) => [fields[2 * i]!, fields[2 * i + 1]!] as const,
    );
    this.#head = undefined;
    this.#answers.push({ status, fields: pairs, body: Buffer.concat(this.#chunks), complete });
  }

  #read(act: () => void): void {
    try {
      act();
    } catch (error) {
      // A connection that was cut is seen by the answer that is not complete.
      if (!this.#closed) {
        this.#fault = `cannot be read: ${(error as Error).message}`;
        this.#socket.destroy();
      }
    }
    this.#wake();
  }
}
