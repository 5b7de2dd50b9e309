import { decodePath, type Environ } from '@highball/gateway-protocol';

/** A request's address as the rules see it; made anew for each address that a request gets. */
export interface Subject {
  readonly environ: Environ;
  /** The path below the mount point, as text. */
  readonly path: string;
  /** Whether the path is text; else its bytes are no UTF-8, and `path` has one character a byte. */
  readonly isText: boolean;
  readonly host: string;
  /** The parameters of the query; read when first asked for. */
  readonly parameters: URLSearchParams;
}

/** Sees a request as rules do. */
export function subjectOf(environ: Environ): Subject {
  const [path, isText] = pathText(environ.PATH_INFO);
  let parameters: URLSearchParams | undefined;
  return {
    environ,
    path,
    isText,
    host: hostOf(environ),
    get parameters() {
      return (parameters ??= new URLSearchParams(environ.QUERY_STRING));
    },
  };
}

/** Percent-encodes what a rule puts into an address; slashes stay. */
export function encodePart(value: string, isText: boolean): string {
  const encoded = isText
    ? encodeURIComponent(value.toWellFormed())
    : value.replaceAll(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return encoded.replaceAll(/%2f/gi, '/');
}

function pathText(path: string): [text: string, isText: boolean] {
  try {
    return [decodePath(path), true];
  } catch {
    return [path, false];
  }
}

function hostOf(environ: Environ): string {
  return (environ.HTTP_HOST ?? environ.SERVER_NAME).toLowerCase().replace(/:\d*$/, '');
}
