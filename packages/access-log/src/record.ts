import type { Environ, HeaderList } from '@highball/gateway-protocol';

/** What is known of a request at its end: what async-worker's `onResponse` gives fits, and more is welcome. */
export interface AccessRecord {
  readonly environ: Environ;
  /** As in `'200 OK'`; empty when no response was begun. */
  readonly status: string;
  /** Bytes of the body that were sent. */
  readonly bodyBytes: number;
  readonly durationMs: number;
  /** False when the client left, or was cut off, before the response was whole. */
  readonly complete: boolean;
  /** The fields of the response, for `%({name}o)s` and `$sent_http_name`; without them these are `-`. */
  readonly headers?: HeaderList | undefined;
}

/** nginx's status for a client that left before there was an answer. */
const CLIENT_LEFT = '499';

/** The status code; 499 when the client left before there was one. */
export function statusCode({ status, complete }: AccessRecord): string | undefined {
  if (status !== '') return status.slice(0, 3);
  return complete ? undefined : CLIENT_LEFT;
}
