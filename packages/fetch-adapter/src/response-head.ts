import { type HeaderList, isApplicationField } from '@highball/gateway-protocol';
import { GatewayApplicationError } from './errors.ts';

/** What an application gave to start_response, checked. */
export class ResponseHead {
  readonly #status: number;
  readonly #reason: string;
  readonly #headers = new Headers();
  /** Whether the response ends with its head, whatever the application returns (RFC 9110 §6.4.1). */
  readonly bodiless: boolean;
  /** -1 without a Content-Length. */
  readonly contentLength: number;

  /** @throws GatewayApplicationError, and TypeError for a field that cannot be sent. */
  constructor(status: string, headers: HeaderList, method: string) {
    const [, code, reason = ''] = /^([2-5]\d\d)(?: ([^\0\r\n]*))?$/.exec(status) ?? [];
    if (code === undefined) {
      throw new GatewayApplicationError(
        'BAD_STATUS',
        `a status is like '200 OK', not ${JSON.stringify(status)}`,
      );
    }
    this.#status = Number(code);
    this.#reason = reason;
    for (const [name, value] of headers) this.#append(name, value);
    this.bodiless = method === 'HEAD' || [204, 205, 304].includes(this.#status);
    this.contentLength = readLength(this.#headers.get('content-length'));
  }

  /** Makes the response. Of a body that is there already the length is told. */
  toResponse(body: Uint8Array | ReadableStream<Uint8Array>): Response {
    const isWhole = body instanceof Uint8Array;
    if (isWhole && this.contentLength === -1 && !this.bodiless) {
      this.#headers.set('content-length', String(body.length));
    }
    return new Response(this.bodiless || (isWhole && body.length === 0) ? null : body, {
      status: this.#status,
      statusText: this.#reason,
      headers: this.#headers,
    });
  }

  #append(name: string, value: string): void {
    const lower = name.toLowerCase();
    // To close its connection is what a runtime decides by itself.
    if (lower === 'connection' && value.toLowerCase() === 'close') return;
    if (!isApplicationField(lower, value, this.#status)) {
      throw new GatewayApplicationError(
        'SERVER_FIELD',
        `an application must not send ${name}: the connection is the server's`,
      );
    }
    this.#headers.append(name, value);
  }
}

function readLength(value: string | null): number {
  if (value === null) return -1;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new GatewayApplicationError('BAD_LENGTH', `Content-Length is a number of bytes, not '${value}'`);
}

/** What is said of an application that failed: nothing of the inside. */
export function errorPage(): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return new Response('500 Internal Server Error\n', {
    status: 500,
    statusText: 'Internal Server Error',
    headers,
  });
}
