import { Socket } from 'node:net';

/** What a handle reports a write to that was not over at once. */
export interface WriteRequest {
  /** Called when the kernel has taken all, or will take no more: then with a negative number. */
  oncomplete(status: number): void;
  /** Below 0 for one that no write has taken. */
  getAsyncId(): number;
  /** Node 26: how it ended, where that was known before it could be told; else null. */
  writeStatus?: number | null;
  /** Keeps what is being written from being collected. */
  data: string | Uint8Array | undefined;
}

/**
 * How a handle is asked to write: Node 22 and 24 give it a request, of which they find out whether it was needed;
 * Node 26 gives it null, and gets a request back where there is something to wait for.
 */
export type Convention =
  | { readonly kind: 'given'; readonly Request: new () => WriteRequest }
  | { readonly kind: 'returned' };

/** That of this Node, read off a socket with a handle of our own; undefined where it is none of those. */
export const convention: Convention | undefined = findConvention();

function findConvention(): Convention | undefined {
  let found: Convention | undefined;
  const handle = {
    getAsyncId: () => 1,
    readStart: () => 0,
    readStop: () => 0,
    close: () => undefined,
    writeLatin1String(request: object | null): number {
      found = conventionOf(request);
      return 0;
    },
  };
  try {
    const socket = new Socket({ handle } as object);
    socket.on('error', () => undefined);
    socket.write('x', 'latin1');
    socket.destroy();
  } catch {
    return undefined;
  }
  return found;
}

function conventionOf(request: object | null): Convention | undefined {
  if (request === null) return { kind: 'returned' };
  const { constructor } = request;
  if (constructor.name !== 'WriteWrap') return undefined;
  return { kind: 'given', Request: constructor as new () => WriteRequest };
}
