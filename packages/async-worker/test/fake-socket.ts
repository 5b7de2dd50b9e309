/** A socket that writes down what it is told, and takes as much as it is let. */
export class FakeSocket {
  readonly writes: string[] = [];
  readonly #listeners: (() => void)[] = [];
  corked = 0;
  writableNeedDrain = false;
  writableLength = 0;
  bytesWritten = 0;
  ended = false;

  write(data: string | Uint8Array, encoding?: string): boolean {
    const bytes =
      typeof data === 'string' ? Buffer.from(data, encoding as BufferEncoding) : Buffer.from(data);
    this.writes.push(bytes.toString('latin1'));
    this.bytesWritten += bytes.length;
    return true;
  }

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.corked--;
  }

  end(): void {
    this.ended = true;
  }

  on(_event: string, listener: () => void): this {
    this.#listeners.push(listener);
    return this;
  }

  get listeners(): number {
    return this.#listeners.length;
  }

  /** Has room again. */
  drain(): void {
    this.writableNeedDrain = false;
    for (const listener of this.#listeners) listener();
  }
}
