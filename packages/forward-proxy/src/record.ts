import type { RefusalCode } from './errors.ts';

/** What is known of a request, or a tunnel, at its end. */
export interface ForwardRecord {
  readonly method: string;
  /** The client's address. */
  readonly client: string;
  /** Empty where nobody was asked, or nobody has said. */
  readonly user: string;
  /** Where the client wanted to go; empty when that could not be read, or was not asked yet. */
  readonly host: string;
  readonly port: number;
  /** The IP address that was connected to; empty when none was. */
  readonly address: string;
  /** The status that the client got; 200 of a tunnel that was opened; 499 when the client left before. */
  readonly status: number;
  /** Why it did not come to its proper end, or was refused. */
  readonly error: RefusalCode | undefined;
  /** Bytes from the client to the destination: of bodies, or of the tunnel. */
  readonly sentBytes: number;
  /** Bytes from the destination. */
  readonly receivedBytes: number;
  readonly durationMs: number;
}
