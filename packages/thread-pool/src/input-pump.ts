import type { InputStream } from '@highball/gateway-protocol';
import { Outlet, type PostPieces } from './outlet.ts';

/** Where a pump delivers. */
export interface PumpTarget {
  readonly windowBytes: number;
  readonly onPieces: PostPieces;
  onEnd(): void;
  onFailed(error: unknown): void;
}

/** Carries a request's body to a thread, as fast as the application in it reads. */
export class InputPump {
  readonly #input: InputStream;
  readonly #target: PumpTarget;
  readonly #outlet: Outlet;
  #leftBytes: number;
  #state: 'new' | 'running' | 'over' = 'new';

  /** @param bytes - how many bytes of the input are the request's body; Infinity: all. */
  constructor(input: InputStream, bytes: number, target: PumpTarget) {
    this.#input = input;
    this.#leftBytes = bytes;
    this.#target = target;
    this.#outlet = new Outlet(target.windowBytes, target.onPieces);
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    void this.#run();
  }

  grant(bytes: number): void {
    this.#outlet.grant(bytes);
  }

  /** What was read and cannot be sent yet, in bytes of a window. */
  get queuedBytes(): number {
    return this.#outlet.queuedBytes;
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#state = 'over';
    this.#outlet.abandon();
  }

  async #run(): Promise<void> {
    const chunks = this.#input[Symbol.asyncIterator]();
    try {
      while (this.#state === 'running' && this.#leftBytes > 0) {
        const { done, value } = await chunks.next();
        if (done === true) break;
        await this.#send(value);
      }
      if (this.#state === 'running') this.#target.onEnd();
      this.#state = 'over';
      await chunks.return?.();
    } catch (error) {
      if (this.#state === 'running') this.#target.onFailed(error);
      this.#state = 'over';
    }
  }

  #send(chunk: Uint8Array): Promise<void> | undefined {
    const piece = chunk.length > this.#leftBytes ? chunk.subarray(0, this.#leftBytes) : chunk;
    this.#leftBytes -= piece.length;
    this.#outlet.push(piece);
    this.#outlet.flush();
    return this.#outlet.full ? this.#outlet.drained() : undefined;
  }
}
