import { decodePath, type Environ } from '@highball/gateway-protocol';

/**
 * A request's address as the rules see it; made anew for each address that a request gets. What no rule asks for is
 * never worked out.
 */
export class Subject {
  readonly environ: Environ;
  #path: string | undefined;
  #isText = true;
  #host: string | undefined;
  #parameters: URLSearchParams | undefined;

  constructor(environ: Environ) {
    this.environ = environ;
  }

  /** The path below the mount point, as text; one character a byte where its bytes are no UTF-8. */
  get path(): string {
    return (this.#path ??= this.#readPath());
  }

  /** Whether the path is text. */
  get isText(): boolean {
    this.#path ??= this.#readPath();
    return this.#isText;
  }

  /** In lower case, without the port. */
  get host(): string {
    const { HTTP_HOST, SERVER_NAME } = this.environ;
    return (this.#host ??= (HTTP_HOST ?? SERVER_NAME).toLowerCase().replace(/:\d*$/, ''));
  }

  /** The parameters of the query. */
  get parameters(): URLSearchParams {
    return (this.#parameters ??= new URLSearchParams(this.environ.QUERY_STRING));
  }

  #readPath(): string {
    const { PATH_INFO } = this.environ;
    try {
      return decodePath(PATH_INFO);
    } catch {
      this.#isText = false;
      return PATH_INFO;
    }
  }
}

/** Percent-encodes what a rule puts into an address; slashes stay. */
export function encodePart(value: string, isText: boolean): string {
  const encoded = isText
    ? encodeURIComponent(value.toWellFormed())
    : value.replaceAll(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return encoded.replaceAll(/%2f/gi, '/');
}
