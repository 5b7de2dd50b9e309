import { connect as netConnect, type Socket } from 'node:net';
import type { Target } from './target.ts';

/** Opens a connection; it may still be on its way. */
export type Connect = (target: Target) => Socket;

/** Opens a connection by node:net. */
export const connectByNet: Connect = (target) => netConnect({ ...target, noDelay: true });

/** How one check is done. `tcp`: whoever accepts is up. */
export type ProbeKind =
  | { readonly kind: 'tcp' }
  | {
      readonly kind: 'http';
      /** What is asked for. @default '/' */
      readonly path?: string;
      /** The Host field. @default the peer's address */
      readonly host?: string;
      /** Whether a status is that of a peer that is up. @default 2xx and 3xx (nginx, HAProxy) */
      readonly isUp?: (status: number) => boolean;
      /**
       * Asks peers that speak another version of HTTP; undefined for those that speak HTTP/1.1. Its promise never
       * rejects: it resolves to undefined when the peer is up, and to what is wrong otherwise.
       */
      readonly ask?: (target: Target, signal: AbortSignal) => Promise<string | undefined> | undefined;
    };

/** A status line is short; a peer that sends this much without one does not speak HTTP. */
const MOST_HEAD_BYTES = 8192;

/** Checks a peer once. Resolves to undefined when it is up, and to what is wrong otherwise; never rejects. */
export function probe(
  target: Target,
  kind: ProbeKind,
  connect: Connect,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = kind.kind === 'http' ? kind.ask?.(target, signal) : undefined;
  if (asked !== undefined) return asked;
  return new Promise((resolve) => {
    const socket = connect(target);
    const end = (problem: string | undefined): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(problem);
    };
    const onAbort = (): void => end(String(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('the connection was closed before an answer'));
    socket.once('connect', () => (kind.kind === 'tcp' ? end(undefined) : ask(socket, target, kind, end)));
  });
}

function ask(
  socket: Socket,
  target: Target,
  { path = '/', host, isUp = isSuccess }: Extract<ProbeKind, { kind: 'http' }>,
  end: (problem: string | undefined) => void,
): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const [line, status] = /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r?\n/.exec(text) ?? [];
    if (line !== undefined) end(isUp(Number(status)) ? undefined : `it answered ${status}`);
    else if (text.length > MOST_HEAD_BYTES || text.includes('\n'))
      end('it answered something other than HTTP');
  });
  // HTTP/1.1 with its Host, for servers that choose a site by it (RFC 9112 §3.2).
  const fields = `Host: ${host ?? authority(target)}\r\nUser-Agent: highball-health\r\nConnection: close\r\n`;
  socket.write(`GET ${path} HTTP/1.1\r\n${fields}\r\n`);
}

function authority(target: Target): string {
  if ('path' in target) return 'localhost';
  return `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 400;
}
