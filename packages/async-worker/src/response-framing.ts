import { ApplicationError } from './errors.ts';

/** How the client can tell where a response ends (RFC 9112 §6.3). */
export interface ResponseFraming {
  /** `none`: it ends with its head, whatever the application returns. */
  readonly kind: 'length' | 'chunked' | 'close' | 'none';
  /** Bytes of the body, where the head tells. */
  readonly length: number;
  /** What a head of HTTP/1.1 needs beside the application's own fields. */
  readonly line: string;
  /** The Content-Length that the server adds; -1 for none. */
  readonly addedLength: number;
}

/** What framing depends on. */
export interface FramingFacts {
  readonly method: string;
  /** The 1 of HTTP/1.1. */
  readonly minorVersion: 0 | 1;
  readonly status: string;
  /** What the application's Content-Length says; -1 without one. */
  readonly contentLength: number;
  /** The length of the whole body, where it is known already; else -1. */
  readonly wholeLength: number;
  /** Whether there will be trailers; only a chunked body has a place for them. */
  readonly hasTrailers: boolean;
}

const NONE: ResponseFraming = { kind: 'none', length: -1, line: '', addedLength: -1 };
const CHUNKED: ResponseFraming = {
  kind: 'chunked',
  length: -1,
  line: 'Transfer-Encoding: chunked\r\n',
  addedLength: -1,
};
const CLOSE: ResponseFraming = { kind: 'close', length: -1, line: '', addedLength: -1 };

/**
 * Decides how the end of a response is told.
 * @throws ApplicationError when the whole body is known to be shorter or longer than its Content-Length.
 */
export function frameResponse(facts: FramingFacts): ResponseFraming {
  const { minorVersion, contentLength, wholeLength, hasTrailers } = facts;
  if (isBodiless(facts.method, facts.status)) return frameBodiless(facts);
  if (contentLength !== -1) {
    if (wholeLength !== -1 && wholeLength !== contentLength) throw wrongLength(wholeLength, contentLength);
    return { kind: 'length', length: contentLength, line: '', addedLength: -1 };
  }
  if (wholeLength !== -1 && !hasTrailers) {
    return {
      kind: 'length',
      length: wholeLength,
      line: lengthLine(wholeLength),
      addedLength: wholeLength,
    };
  }
  return minorVersion === 1 ? CHUNKED : CLOSE;
}

/** The error of a body that is not as long as its Content-Length says. */
export function wrongLength(bytes: number, promised: number): ApplicationError {
  const [code, more] =
    bytes > promised ? (['BODY_TOO_LONG', ' or more'] as const) : (['BODY_TOO_SHORT', ''] as const);
  return new ApplicationError(
    code,
    `the body has ${bytes} bytes${more}, and Content-Length says ${promised}`,
  );
}

function isBodiless(method: string, status: string): boolean {
  return method === 'HEAD' || status.startsWith('204') || status.startsWith('304');
}

/** To HEAD goes what GET would have said, where that is known (RFC 9110 §9.3.2). */
function frameBodiless({ method, contentLength, wholeLength }: FramingFacts): ResponseFraming {
  const known = method === 'HEAD' && contentLength === -1 && wholeLength > 0;
  return known ? { ...NONE, line: lengthLine(wholeLength), addedLength: wholeLength } : NONE;
}

function lengthLine(length: number): string {
  return `Content-Length: ${length}\r\n`;
}
