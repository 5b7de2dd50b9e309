import { once } from 'node:events';
import { chmod, unlink } from 'node:fs/promises';
import net from 'node:net';

/** Its owner's alone. */
const DEFAULT_MODE = 0o600;

/**
 * Listens on a Unix socket; where a process has died without removing its file, that is replaced.
 * @throws the error of the system: `EADDRINUSE` where somebody listens.
 */
export async function listen(
  server: net.Server,
  target: { readonly path: string; readonly mode?: number } | { readonly fd: number },
): Promise<void> {
  if ('fd' in target) {
    await listening(server, target);
    return;
  }
  const { path, mode = DEFAULT_MODE } = target;
  try {
    await listening(server, { path });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await isStale(path))) throw error;
    await unlink(path);
    await listening(server, { path });
  }
  await chmod(path, mode);
}

async function listening(
  server: net.Server,
  target: { path: string } | { readonly fd: number },
): Promise<void> {
  server.listen(target);
  // Rejects with the error, when there is one.
  await once(server, 'listening');
}

/** Whether nobody listens behind the file of a socket. */
async function isStale(path: string): Promise<boolean> {
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
