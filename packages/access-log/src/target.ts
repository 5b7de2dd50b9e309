/** What a write ends with. */
export type WriteCallback = (error: NodeJS.ErrnoException | null, written: number) => void;

/** Where bytes go. One write, or reopening, at a time. */
export interface Target {
  /** More than so many bytes in one write may be mixed with those of another process. */
  readonly atomicBytes: number;
  /** Writes some of the bytes, or all. */
  write(bytes: Uint8Array, done: WriteCallback): void;
  /** The same, at the end of the process. @returns how many. @throws when it cannot. */
  writeSync(bytes: Uint8Array): number;
  /** Opens it anew; the old one stays in use when that fails. */
  reopen(done: (error: Error | null) => void): void;
  close(): void;
}
