import type { ServerHttp2Session, ServerOptions } from 'node:http2';
import type { Socket } from 'node:net';
import type { ResolvedOptions } from '../options.ts';

/** What HPACK counts for a field beside its name and value (RFC 7541 §4.1). */
const FIELD_BYTES = 32;
/**
 * Pseudo-fields, cookies in parts of one each (browsers keep up to 180 a site), and some more, so that a request with too
 * many is answered 431 and not reset.
 */
const MORE_FIELDS = 256;
/**
 * Megabytes of a session: headers, and answers that the client does not take. All its streams may have a part of theirs
 * waiting; nothing more is read where that is passed.
 */
const MEMORY_MB = 24;

const known = new WeakMap<ResolvedOptions, ServerOptions>();

/** Starts to speak HTTP/2 on a socket. The protocol's code is loaded with the first one. */
export function startSession(socket: Socket, options: ResolvedOptions): ServerHttp2Session {
  const { performServerHandshake } = process.getBuiltinModule('node:http2');
  let settings = known.get(options);
  if (settings === undefined) known.set(options, (settings = sessionOptions(options)));
  return performServerHandshake(socket, settings);
}

function sessionOptions({ http2MaxStreams, parser }: ResolvedOptions): ServerOptions {
  const { maxHeadBytes = 65_536, maxFields = 100 } = parser;
  const maxHeaderListPairs = maxFields + MORE_FIELDS;
  const maxHeaderListSize = maxHeadBytes + maxHeaderListPairs * FIELD_BYTES;
  return {
    settings: {
      maxConcurrentStreams: http2MaxStreams,
      maxHeaderListSize: Math.min(maxHeaderListSize, 0xffff_ffff),
      enablePush: false,
    },
    maxHeaderListPairs,
    maxSessionMemory: MEMORY_MB,
    // An application that repeats a field does so to clients of HTTP/1.1, too; not in the types for Node 22.
    ...({ strictSingleValueFields: false } as object),
  };
}
