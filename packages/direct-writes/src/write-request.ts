import { Socket } from 'node:net';

/** What a handle reports a write to that was not over at once. */
export interface WriteRequest {
  /** Called when the kernel has taken all, or will take no more: then with a negative number. */
  oncomplete(status: number): void;
  /** Keeps what is being written from being collected. */
  data: string | Uint8Array | undefined;
}

type WriteRequestClass = new () => WriteRequest;

/**
 * The class of these requests, which Node exports to nobody: read off a request that a socket makes for a handle of
 * our own. Undefined where that is not as in Node 22, 24 and 26.
 */
export const RequestClass: WriteRequestClass | undefined = findClass();

function findClass(): WriteRequestClass | undefined {
  let found: unknown;
  const handle = {
    getAsyncId: () => 1,
    readStart: () => 0,
    readStop: () => 0,
    close: () => undefined,
    writeLatin1String(request: object): number {
      found = request.constructor;
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
  return isClass(found) ? found : undefined;
}

function isClass(found: unknown): found is WriteRequestClass {
  return typeof found === 'function' && found.name === 'WriteWrap';
}
