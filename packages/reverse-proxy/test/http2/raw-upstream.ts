import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Types of frames (RFC 9113 §6). */
export const TYPE = {
  DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PUSH_PROMISE: 5, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9,
} as const; // prettier-ignore

export const END_STREAM = 1;
export const END_HEADERS = 4;
export const ACK = 1;

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;

/** What has come. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, bytes]);
}

export function uint32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 * i));
  return bytes;
}

/** One setting (RFC 9113 §6.5.1): 3 is MAX_CONCURRENT_STREAMS, 4 INITIAL_WINDOW_SIZE. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** Fields as HPACK has them without a table (RFC 7541 §6.2.2). */
export function block(...fields: (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([length(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits (RFC 7541 §5.1). */
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  for (let rest = value - 127; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Buffer.from(bytes);
    }
    bytes.push((rest % 128) + 128);
  }
}

export const head = (
  id: number,
  flags: number = END_HEADERS,
  ...fields: (readonly [string, string])[]
): Buffer => frame(TYPE.HEADERS, flags, id, block([':status', '200'], ...fields));
export const data = (id: number, body: string, flags = 0): Buffer => frame(TYPE.DATA, flags, id, body);
export const reset = (id: number, code: number): Buffer => frame(TYPE.RST_STREAM, 0, id, uint32(code));
export const goaway = (lastId: number, code = 0): Buffer => frame(TYPE.GOAWAY, 0, 0, uint32(lastId, code));
export const whole = (id: number, body: string): Buffer =>
  Buffer.concat([head(id), data(id, body, END_STREAM)]);

/** A connection to an upstream that writes its frames by hand. */
export class RawSession {
  readonly socket: Socket;
  readonly index: number;
  readonly frames: Frame[] = [];
  #bytes = Buffer.alloc(0);
  #begun = false;

  constructor(socket: Socket, index: number, onFrame: (session: RawSession, frame: Frame) => void) {
    this.socket = socket;
    this.index = index;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        this.frames.push(next);
        onFrame(this, next);
      }
    });
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Frames of a type that have come. */
  of(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  #next(): Frame | undefined {
    if (!this.#begun) {
      if (this.#bytes.length < PREFACE_BYTES) return undefined;
      this.#bytes = this.#bytes.subarray(PREFACE_BYTES);
      this.#begun = true;
    }
    const bytes = this.#bytes;
    if (bytes.length < HEAD_BYTES) return undefined;
    const end = HEAD_BYTES + bytes.readUIntBE(0, 3);
    if (bytes.length < end) return undefined;
    this.#bytes = bytes.subarray(end);
    return {
      type: bytes[3]!,
      flags: bytes[4]!,
      id: bytes.readUInt32BE(5),
      payload: bytes.subarray(HEAD_BYTES, end),
    };
  }
}

export interface RawUpstream extends AsyncDisposable {
  readonly url: string;
  readonly sessions: RawSession[];
  /** HEADERS that have come, over all connections. */
  readonly requests: () => number;
}

export interface RawUpstreamOptions {
  /** What it begins with; SETTINGS by itself. */
  readonly settings?: Uint8Array | undefined;
  readonly onFrame?: (session: RawSession, frame: Frame) => void;
  /** Whether SETTINGS and PING are. @default true */
  readonly acknowledges?: boolean;
}

/**
 * Starts an upstream that answers with frames written by hand.
 * @param onRequest - called for each HEADERS.
 */
export async function startRaw(
  onRequest: (session: RawSession, id: number, index: number) => void,
  { settings = frame(TYPE.SETTINGS, 0, 0), onFrame, acknowledges = true }: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  const sessions: RawSession[] = [];
  let requests = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.write(settings);
    const session = new RawSession(socket, sessions.length, (_, got) => {
      const isAck = (got.flags & ACK) !== 0;
      if (got.type === TYPE.SETTINGS && !isAck && acknowledges) session.send(frame(TYPE.SETTINGS, ACK, 0));
      if (got.type === TYPE.PING && !isAck && acknowledges)
        session.send(frame(TYPE.PING, ACK, 0, got.payload));
      onFrame?.(session, got);
      if (got.type === TYPE.HEADERS) onRequest(session, got.id, requests++);
    });
    sessions.push(session);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      for (const { socket } of sessions) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
