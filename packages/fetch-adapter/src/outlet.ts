import { GatewayApplicationError } from './errors.ts';

/** The body of a response under way, as the stream that its runtime reads: pieces in, room asked for. */
export class Outlet {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #maxBytes: number;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #waiting: (() => void) | undefined;
  #over = false;

  /**
   * @param onCancel - the runtime wants no more.
   * @param maxBytes - more than this is not kept for a reader that is slower than its writer.
   */
  constructor(onCancel: () => void, maxBytes: number) {
    this.#maxBytes = maxBytes;
    // Room for one byte: a piece is asked for when the one before was taken (PEP 3333, "Buffering and Streaming").
    const strategy = { highWaterMark: 1, size: (bytes: Uint8Array) => bytes.length };
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => this.#wake(),
        cancel: onCancel,
      },
      strategy,
    );
  }

  /** Whether a piece waits to be taken. */
  get full(): boolean {
    return !this.#over && (this.#controller.desiredSize ?? 0) <= 0;
  }

  /** Resolves when there is room, or nobody takes anything any more. */
  drained(): Promise<void> {
    if (!this.full) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#waiting;
      this.#waiting = () => {
        before?.();
        resolve();
      };
    });
  }

  /** @throws GatewayApplicationError WRITE_OVERFLOW */
  push(bytes: Uint8Array): void {
    if (this.#over) return;
    const queued = 1 - (this.#controller.desiredSize ?? 1);
    if (queued + bytes.length > this.#maxBytes && queued > 0) {
      throw new GatewayApplicationError(
        'WRITE_OVERFLOW',
        `the client is ${queued} bytes behind: await what write() returns`,
      );
    }
    this.#controller.enqueue(bytes);
  }

  end(): void {
    this.#finish(() => this.#controller.close());
  }

  /** The body will not be completed, and must not look complete. */
  fail(error: unknown): void {
    this.#finish(() => this.#controller.error(error));
  }

  /** Nobody reads any more. */
  abandon(): void {
    this.#finish(() => this.#controller.error(new DOMException('the client has left', 'AbortError')));
  }

  #finish(how: () => void): void {
    if (this.#over) return;
    this.#over = true;
    how();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
