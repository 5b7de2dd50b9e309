import type { Application } from '@highball/gateway-protocol';
import type { RawClient } from '@highball/testkit';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { WorkerOptions } from '../../src/index.ts';
import { serve, type TestServer } from '../support.ts';

/** What came back on a stream. */
export interface Answer {
  readonly fields: IncomingHttpHeaders & { ':status'?: number | undefined };
  readonly hints: IncomingHttpHeaders[];
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: string;
  /** The error code with which the stream ended. */
  readonly code: number | undefined;
}

/** A worker, and a client that speaks HTTP/2 to it. */
export interface TestHttp2 extends TestServer {
  readonly session: ClientHttp2Session;
  /** Sends a request, and collects its answer. */
  ask(fields?: OutgoingHttpHeaders, body?: string | Uint8Array): Promise<Answer>;
}

export async function serveHttp2(app: Application, options: WorkerOptions = {}): Promise<TestHttp2> {
  const server = await serve(app, options);
  const session = await connected(server.port);
  return {
    ...server,
    session,
    ask: (fields, body) => {
      const stream = session.request({ ':path': '/', ...fields }, { endStream: body === undefined });
      if (body !== undefined) stream.end(body);
      return collect(stream);
    },
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A session whose settings were exchanged. Its errors are those of its streams. */
export async function connected(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

/** Reads a stream to its end. */
export async function collect(stream: ClientHttp2Stream): Promise<Answer> {
  const hints: IncomingHttpHeaders[] = [];
  let fields: Answer['fields'] = {};
  let trailers: IncomingHttpHeaders | undefined;
  let body = '';
  stream.on('headers', (found) => hints.push(found));
  stream.on('response', (found) => (fields = found));
  stream.on('trailers', (found) => (trailers = found));
  stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
  stream.on('error', () => undefined);
  if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve));
  return { fields, hints, trailers, body, code: stream.rstCode };
}

/** Types of frames (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A frame (RFC 9113 §4.1). */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | string = '',
): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

/** A header block: each field a literal without indexing (RFC 7541 §6.2.2), nothing compressed. */
export function block(...fields: (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** The pseudo-fields of a request. */
export function requestLine(
  path = '/',
  method = 'GET',
): [readonly [string, string], ...(readonly [string, string])[]] {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'example.org'],
  ];
}

/** A frame as it was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that says what it likes, in frames. */
export class FrameClient {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Connects, and exchanges settings. @param settings - the payload of ours. */
  static async connect(server: TestServer, settings: Uint8Array = new Uint8Array()): Promise<FrameClient> {
    const client = new FrameClient(await server.connect());
    client.raw.send(PREFACE);
    client.send(frame(FRAME.settings, 0, 0, settings), frame(FRAME.settings, 1, 0));
    await client.until(({ type, flags }) => type === FRAME.settings && flags === 1);
    return client;
  }

  send(...frames: Buffer[]): void {
    this.raw.send(Buffer.concat(frames));
  }

  get frames(): Frame[] {
    const bytes = Buffer.from(this.raw.received, 'latin1');
    const frames: Frame[] = [];
    for (let at = 0; at + 9 <= bytes.length;) {
      const length = bytes.readUIntBE(at, 3);
      if (at + 9 + length > bytes.length) break;
      const payload = bytes.subarray(at + 9, at + 9 + length);
      frames.push({
        type: bytes[at + 3]!,
        flags: bytes[at + 4]!,
        stream: bytes.readUInt32BE(at + 5),
        payload,
      });
      at += 9 + length;
    }
    return frames;
  }

  /** Waits for a frame; throws when the server has closed, or the time is up. */
  async until(isIt: (frame: Frame) => boolean): Promise<Frame> {
    let over = false;
    void this.raw.closed.then(() => (over = true));
    const deadline = performance.now() + 20_000;
    for (;;) {
      const found = this.frames.find(isIt);
      if (found !== undefined) return found;
      if (over || performance.now() > deadline) {
        const seen = this.frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' ');
        throw new Error(`${over ? 'closed' : 'timed out'} before the frame came: ${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** The error code of the frame that ends a stream, or, without one, the connection. */
  async code(stream?: number): Promise<number> {
    const type = stream === undefined ? FRAME.goaway : FRAME.reset;
    const found = await this.until((seen) => seen.type === type && seen.stream === (stream ?? 0));
    return found.payload.readUInt32BE(stream === undefined ? 4 : 0);
  }
}
