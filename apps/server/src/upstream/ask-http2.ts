import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** What is asked for, and by which name. */
export interface Http2Question {
  /** `:authority`. */
  readonly authority: string;
  readonly path: string;
  readonly tls: boolean;
  readonly isUp: (status: number) => boolean;
}

/**
 * Asks a server once by HTTP/2. Resolves to undefined when it is up, and to what is wrong otherwise; never rejects.
 * @param socket - a connection of its own, which may still be on its way.
 */
export function askByHttp2(
  socket: Socket,
  { authority, path, tls, isUp }: Http2Question,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const scheme = tls ? 'https' : 'http';
    const session = process
      .getBuiltinModule('node:http2')
      .connect(`${scheme}://localhost`, { createConnection: () => socket, settings: { enablePush: false } });
    const end = (problem: string | undefined): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(problem);
      session.destroy();
    };
    const onAbort = (): void => end(String(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    session.on('error', (error) => end(error.message));
    session.on('close', () => end('the connection was closed before an answer'));
    session.once('connect', () => {
      if (tls && session.alpnProtocol !== 'h2') end('it did not agree to HTTP/2 (ALPN h2)');
      else ask(session, { ':scheme': scheme, ':authority': authority, ':path': path }, isUp, end);
    });
  });
}

function ask(
  session: ClientHttp2Session,
  pseudo: Readonly<Record<string, string>>,
  isUp: (status: number) => boolean,
  end: (problem: string | undefined) => void,
): void {
  const stream = session.request({ ':method': 'GET', ...pseudo, 'user-agent': 'highball-health' });
  stream.on('error', (error) => end(error.message));
  stream.on('close', () => end('the stream was closed before an answer'));
  stream.once('response', ({ ':status': status = 0 }) =>
    end(isUp(status) ? undefined : `it answered ${status}`),
  );
  stream.resume();
}
