import type { ServerHttp2Session, ServerOptions } from 'node:http2';
import type { Socket } from 'node:net';
import type { ResolvedOptions } from '../options.ts';

/** Starts to speak HTTP/2 on a socket. The protocol's code is loaded with the first one. */
export function startSession(socket: Socket, options: ResolvedOptions): ServerHttp2Session {
  const { performServerHandshake } = process.getBuiltinModule('node:http2');
  return performServerHandshake(socket, sessionOptions(options));
}

function sessionOptions({ http2MaxStreams, parser }: ResolvedOptions): ServerOptions {
  const { maxHeadBytes = 65_536, maxFields = 100 } = parser;
  return {
    settings: { maxConcurrentStreams: http2MaxStreams, maxHeaderListSize: maxHeadBytes },
    maxHeaderListPairs: maxFields + 8,
    strictSingleValueFields: false,
  } as ServerOptions;
}
