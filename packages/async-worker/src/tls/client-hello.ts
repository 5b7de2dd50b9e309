/** Of a record and of a handshake message (RFC 8446 §5.1, §4). */
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** What stands before the first field of a variable length (RFC 8446 §4.1.2): a version and 32 random bytes. */
const FIXED_FIELDS = 2 + 32;
const CLIENT_HELLO = 1;
/** RFC 6066 §3 */
const SERVER_NAME = 0;
const HOST_NAME = 0;

/**
 * The name of the server that a client asks for, if its first bytes have it in one record, as they usually do. Node
 * itself tells it when the handshake is under way; but what Node 22 is told to show then it only adds to what it would
 * have shown, and a client that knows both kinds of keys may be shown the wrong one.
 * @returns undefined where there is none, or what is there is cut off or no ClientHello.
 */
export function serverNameOf(first: Buffer): string | undefined {
  try {
    const record = first.subarray(RECORD_HEADER, RECORD_HEADER + first.readUInt16BE(3));
    return record[0] === CLIENT_HELLO ? hostName(extension(record, SERVER_NAME)) : undefined;
  } catch {
    // A read behind the end.
    return undefined;
  }
}

/** The content of an extension. @throws RangeError when the message is cut off. */
function extension(hello: Buffer, wanted: number): Buffer | undefined {
  let at = MESSAGE_HEADER + FIXED_FIELDS;
  // The id of a session, cipher suites, methods of compression.
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end;) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    at += 4;
    if (type === wanted) return hello.subarray(at, at + length);
    at += length;
  }
  return undefined;
}

/** The name in a list of names of servers, of which there is one kind. @throws RangeError when it is cut off. */
function hostName(names: Buffer | undefined): string | undefined {
  if (names === undefined || names.readUInt8(2) !== HOST_NAME) return undefined;
  const end = 5 + names.readUInt16BE(3);
  return names.length < end ? undefined : names.toString('latin1', 5, end);
}
