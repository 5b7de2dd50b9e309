import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** An upstream of HTTP/2 by node:http2. */
export interface Http2Upstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[];
  /** The heads of all requests. */
  readonly heads: IncomingHttpHeaders[];
}

export async function startHttp2(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, index: number) => void,
  options: ServerOptions = {},
): Promise<Http2Upstream> {
  const sessions: ServerHttp2Session[] = [];
  const heads: IncomingHttpHeaders[] = [];
  const server = createServer(options);
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers, heads.push(headers) - 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `h2c://127.0.0.1:${port}`,
    port,
    server,
    sessions,
    heads,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** All of a request's body. */
export async function bodyOf(stream: ServerHttp2Stream): Promise<string> {
  let text = '';
  stream.setEncoding('latin1');
  for await (const chunk of stream) text += chunk;
  return text;
}
