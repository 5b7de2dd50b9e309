import type { Environ } from '@highball/gateway-protocol';
import type { RequestHead } from '@highball/http-parser';
import type { RequestInput } from './input.ts';
import type { Response } from './response.ts';

/** One request and its response. */
export interface Exchange {
  readonly head: RequestHead;
  readonly environ: Environ;
  readonly response: Response;
  /** Undefined for a request without a body. */
  readonly input: RequestInput | undefined;
  /** When it began, by the worker's clock. */
  readonly startedAt: number;
  /** Whether the whole request has come. */
  requestComplete: boolean;
  /** Whether the application is done with it. */
  responseComplete: boolean;
  /** Whether 100 Continue is still owed, should the application read. */
  owesContinue: boolean;
  /** Milliseconds in which the client let its body be waited for. */
  bodyWaitMs: number;
  /** What came behind a chunked body. */
  trailers: [name: string, value: string][];
  abort: AbortController | undefined;
}
