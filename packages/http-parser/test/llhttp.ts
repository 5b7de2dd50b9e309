import { createServer, type Server } from 'node:http';
import { duplexPair } from 'node:stream';

/** What a parser made of one request. */
export interface Verdict {
  /** `METHOD target`, the fields and the body; or undefined when it was refused. */
  accepted: string | undefined;
  /** Why it was refused. */
  code: string;
}

/** Node's own parser, llhttp, as node:http runs it: strict, over a connection in memory. */
export class Llhttp {
  readonly #server: Server;
  #found: string[] = [];
  #code = '';

  constructor() {
    this.#server = createServer({ keepAliveTimeout: 0, requireHostHeader: true }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        this.#found.push(`${request.method} ${request.url} ${request.rawHeaders.join('|')} ${body}`);
        response.end();
      });
      request.on('error', () => undefined);
    });
    this.#server.on('connect', ({ method, url, rawHeaders }, socket) => {
      this.#found.push(`${method} ${url} ${rawHeaders.join('|')} `);
      socket.destroy();
    });
    this.#server.on('checkExpectation', (_, response) => {
      this.#code = 'HPE_EXPECTATION';
      response.writeHead(417).end();
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#code = error.code ?? 'unknown';
      socket.destroy();
    });
  }

  /** Gives it one request, and the end of the stream. */
  async parse(bytes: Uint8Array): Promise<Verdict> {
    this.#found = [];
    this.#code = '';
    const [near, far] = duplexPair();
    let answer = '';
    near.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    near.on('error', () => undefined);
    far.on('error', () => undefined);
    this.#server.emit('connection', far);
    near.end(bytes);
    await new Promise((resolve) => far.once('close', resolve).once('finish', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const refusedByHttp = /^HTTP\/1\.1 4\d\d /.exec(answer)?.[0];
    if (this.#code === '' && refusedByHttp !== undefined) this.#code = refusedByHttp.slice(9, 12);
    const [accepted] = this.#found;
    return { accepted, code: this.#code || 'incomplete' };
  }
}
