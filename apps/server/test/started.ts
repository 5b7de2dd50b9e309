import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectControl, type ControlClient } from '@highball/control-socket';
import { exchange, highball, type Program, temporaryFolder } from '@highball/testkit';
import type { ServerCommands, ServerStatus } from '../src/ctl/types.ts';

/** Says which process answers, as whom, and with which of its environment; blocks, waits and fails on demand. */
export const WHO = `
export const app = async (environ, startResponse) => {
  const { PATH_INFO: path } = environ;
  if (path === '/block') for (const end = Date.now() + 60_000; Date.now() < end; );
  if (path === '/never') await new Promise(() => {});
  if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 500));
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  const { uid, gid } = { uid: process.getuid(), gid: process.getgid() };
  return [JSON.stringify({ pid: process.pid, master: environ['highball.master_pid'], uid, gid, path,
    root: environ.SCRIPT_NAME, groups: process.getgroups(), cwd: process.cwd(), word: process.env.WORD })];
};`;

/** A free port, and the control socket in the folder of the site. */
const LOCAL = ['-b', '127.0.0.1:0', '--control-socket', 'control'];

/** What the application above answers. */
export interface Who {
  pid: number;
  master: number;
  uid: number;
  gid: number;
  groups: number[];
  path: string;
  root: string;
  cwd: string;
  word?: string;
}

/** A folder with an application, and the servers that a test starts in it. */
export class Site implements AsyncDisposable {
  readonly path: string;
  readonly socket: string;
  readonly #end: () => Promise<void>;
  readonly #programs: Program[] = [];
  readonly #clients: ControlClient<ServerCommands>[] = [];

  private constructor(path: string, end: () => Promise<void>) {
    this.path = path;
    this.socket = join(path, 'control');
    this.#end = end;
  }

  static async make(files: Record<string, string> = {}): Promise<Site> {
    const folder = await temporaryFolder();
    const site = new Site(folder.path, () => folder[Symbol.asyncDispose]());
    for (const [name, content] of Object.entries({ 'app.mjs': WHO, ...files }))
      await site.write(name, content);
    return site;
  }

  async write(name: string, content: string): Promise<void> {
    const file = join(this.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** Runs a command to its end, or until the test's. */
  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = highball(args, { cwd: this.path, env });
    this.#programs.push(program);
    return program;
  }

  /** Serves `app.mjs` on a free port, with the control socket in this folder. */
  async serve(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Started> {
    const program = this.run(['serve', 'app.mjs', ...LOCAL, ...args], env);
    return { program, port: await portOf(program) };
  }

  /** Runs what `highball.config.mjs` says on a free port, with the control socket in this folder. */
  async runConfig(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Started> {
    const program = this.run(['run', '-c', 'highball.config.mjs', ...LOCAL, ...args], env);
    return { program, port: await portOf(program) };
  }

  /** `highball ctl …` for the server of this folder; gives what it prints. */
  async ctl(...args: string[]): Promise<string> {
    const program = this.run(['ctl', ...args, '--socket', this.socket]);
    const code = await program.exited;
    if (code !== 0) throw new Error(program.stderr);
    return program.stdout;
  }

  /** A client of the control socket: quicker than a command. */
  async control(path: string = this.socket): Promise<ControlClient<ServerCommands>> {
    const client = await connectControl<ServerCommands>(path);
    this.#clients.push(client);
    return client;
  }

  async status(): Promise<ServerStatus> {
    const client = await this.control();
    const status = await client.call('status');
    client.close();
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#programs.map((program) => program.stop()));
    await this.#end();
  }
}

/** A server that serves. */
export interface Started {
  program: Program;
  port: number;
}

/** The first port that a server says it serves. */
export async function portOf(program: Program): Promise<number> {
  const [, port] = await program.until(/serves https?:\/\/[^:]+:(\d+)/);
  return Number(port);
}

/** Asks the application who it is. */
export async function who(to: number | string, path = '/', timeoutMs?: number): Promise<Who> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const answer = await exchange(to, request, timeoutMs);
  const [, body] = answer.split('\r\n\r\n');
  if (body === undefined) throw new Error(`no answer: ${JSON.stringify(answer)}`);
  return JSON.parse(body) as Who;
}

/** Ends a process that is no child, and waits until it is gone. */
export async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How many answers the folder of a cache has: each is there a moment after it was given. */
export function storedIn(folder: string): number {
  return readdirSync(folder, { recursive: true }).filter((name) => /heads.*\/\w{64}$/.test(String(name)))
    .length;
}
