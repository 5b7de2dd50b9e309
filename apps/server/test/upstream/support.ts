import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Address, exchange, findPeer, Program, type temporaryFolder } from '@highball/testkit';
import type { UpstreamLine } from '../../src/ctl/types.ts';
import { Site } from '../started.ts';

/** A server behind, whose behaviour a test changes as it goes. */
export class Behind implements AsyncDisposable {
  readonly name: string;
  readonly host: string;
  port = 0;
  /** What it was asked for. */
  readonly asked: string[] = [];
  /** What becomes of a request; by default it is answered with the server's name. */
  behave: RequestListener | undefined;
  #server: Server | undefined;

  private constructor(name: string, host: string) {
    this.name = name;
    this.host = host;
  }

  static async start(
    name: string,
    { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
  ): Promise<Behind> {
    const behind = new Behind(name, host);
    behind.port = port;
    await behind.restart();
    return behind;
  }

  get url(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** Listens on the port that it had. */
  async restart(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      if (this.behave) this.behave(request, response);
      else response.end(this.name);
    }).listen(this.port, this.host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Hangs up on everybody and listens no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server?.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A site that sends everything to one upstream. */
export interface Balanced extends AsyncDisposable {
  readonly site: Site;
  readonly port: number;
  readonly program: Program;
  /** The upstream in `highball ctl status`. */
  status(): Promise<UpstreamLine>;
  /** The bodies of so many answers, one after the other. */
  ask(count: number, fields?: string): Promise<string[]>;
}

/** Runs `highball run` with this upstream, written as in a configuration. */
export async function balance(upstream: string, settings = 'workers: 1,'): Promise<Balanced> {
  const site = await Site.make({
    'highball.config.mjs': `export default {
      ${settings}
      upstreams: { site: ${upstream} },
      routes: [{ proxy: 'site' }],
    };`,
  });
  try {
    const { program, port } = await site.runConfig();
    return {
      site,
      port,
      program,
      status: async () => (await site.status()).upstreams[0] as UpstreamLine,
      ask: (count, fields) => askOneByOne(port, count, fields),
      [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
    };
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

async function askOneByOne(port: number, count: number, fields = ''): Promise<string[]> {
  const bodies: string[] = [];
  for (let i = 0; i < count; i++) bodies.push(bodyOf(await get(port, '/', fields)));
  return bodies;
}

/** Asks over a connection of its own. */
export function get(port: Address, path = '/', fields = ''): Promise<string> {
  const head = `GET ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n`;
  return exchange(port, `${head}${fields}\r\n`, 15_000);
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4).trim();
}

/** A DNS server that knows what a test says. */
export class NameServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  #program: Program | undefined;

  constructor(port: number, folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.port = port;
    this.#folder = folder;
  }

  /** Answers by these lines of dnsmasq's configuration from now on. */
  async tell(...lines: string[]): Promise<void> {
    await this.#program?.stop();
    const file = join(this.#folder.path, 'dnsmasq.conf');
    const always = [
      `port=${this.port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'local-ttl=1',
      'user=root',
      'pid-file=',
      'local=/example/',
    ];
    await writeFile(file, [...always, ...lines].join('\n'));
    const args = ['--keep-in-foreground', '--log-facility=-', '-C', file];
    this.#program = new Program(findPeer('dnsmasq') as string, args);
    await this.#program.until(/started, version/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}
