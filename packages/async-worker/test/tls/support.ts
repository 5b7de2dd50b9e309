import type { Application } from '@highball/gateway-protocol';
import { makeCertificate, temporaryFolder, type TestCertificate } from '@highball/testkit';
import { once } from 'node:events';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll } from 'vitest';
import type { TlsOptions, WorkerOptions } from '../../src/index.ts';
import { serve, type TestServer } from '../support.ts';

/** A certificate authority that is trusted, the certificate of `localhost`, and one of a client. */
export interface TestPeople {
  readonly folder: string;
  readonly authority: TestCertificate;
  readonly server: TestCertificate;
  readonly client: TestCertificate;
}

/** Makes them once a file. */
export function people(): TestPeople {
  const found: Partial<TestPeople> = {};
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const { path } = folder;
    const authority = makeCertificate(path, 'authority', { names: [] });
    const server = makeCertificate(path, 'server', { issuer: authority });
    const client = makeCertificate(path, 'client', {
      issuer: authority,
      names: [],
      subject: '/O=Zoë Ltd/CN=zoë',
    });
    Object.assign(found, { folder: path, authority, server, client });
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  return found as TestPeople;
}

/** A worker that speaks TLS. */
export function serveTls(
  app: Application,
  certificate: TestCertificate,
  { tls, ...options }: Omit<WorkerOptions, 'tls'> & { tls?: Partial<TlsOptions> } = {},
): Promise<TestServer> {
  return serve(app, { ...options, tls: { certificates: [certificate], ...tls } });
}

/** A client whose handshake is over; it has kept what it was sent. */
export class TlsClient {
  readonly socket: TLSSocket;
  received = '';
  /** Resolves when the server has ended, or the connection is gone. */
  readonly closed: Promise<void>;
  /** What the connection has died of. */
  error: Error | undefined;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.received += bytes.toString('latin1')));
    socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  }

  static async connect(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      allowHalfOpen: true,
      ...options,
    } as ConnectionOptions);
    const client = new TlsClient(socket);
    await once(socket, 'secureConnect');
    return client;
  }

  send(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }
}

/** Sends one text over TLS, waits until the server closes, and returns what it said. */
export async function exchangeTls(
  port: number,
  text: string,
  options: ConnectionOptions = {},
): Promise<string> {
  const client = await TlsClient.connect(port, options);
  client.send(text);
  await client.closed;
  client.socket.destroy();
  return client.received;
}
