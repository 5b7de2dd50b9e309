import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exchange, highball, type Program, temporaryFolder } from '@highball/testkit';

/** What a browser says when it opens a page. */
export const BROWSER: string = 'Accept: text/html\r\nSec-Fetch-Dest: document\r\n';

/** A project under development: its files, and a `highball dev` on them. */
export interface Project {
  path: string;
  /** Writes a file as an editor does that is careful: another file, renamed over it. */
  save(name: string, content: string): Promise<void>;
  /** Starts `highball dev` on a port of the kernel's choice. */
  dev(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Program & { port: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function projectWith(files: Record<string, string>): Promise<Project> {
  const folder = await temporaryFolder();
  const save = async (name: string, content: string): Promise<void> => {
    const file = join(folder.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}~`, content);
    await rename(`${file}~`, file);
  };
  await save('package.json', '{ "type": "module" }');
  for (const [name, content] of Object.entries(files)) await save(name, content);
  const servers: Program[] = [];
  return {
    path: folder.path,
    save,
    async dev(args, env = {}) {
      const server = highball(['dev', ...args, '-b', '127.0.0.1:0'], { cwd: folder.path, env });
      servers.push(server);
      const [, port] = await server.until(/develops .* on http:\/\/127\.0\.0\.1:(\d+)/);
      await server.until(/loaded in \d|does not load/);
      return Object.assign(server, { port: Number(port) });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop()));
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Asks for a path and returns the whole answer. */
export function get(port: number, path = '/', more = ''): Promise<string> {
  return exchange(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`);
}

/** Asks for a path until the answer is as expected: a saved file is noticed a little later. */
export async function getUntil(port: number, pattern: RegExp, path = '/', more = ''): Promise<string> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await get(port, path, more);
    if (pattern.test(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`never ${pattern}; at last:\n${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A module that exports an application which answers with a text. */
export function appOf(expression: string, head = ''): string {
  return `${head}
export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [${expression}];
};
`;
}
