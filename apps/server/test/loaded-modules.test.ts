import { highball, type Program, temporaryFolder } from '@highball/testkit';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Tells what of Node itself its process has loaded. */
const PROGRAM = `
export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return [JSON.stringify(process.moduleLoadList)];
};
`;
/** What no start may wait for unless it is used: fetch and TLS. */
const LARGE = ['internal/deps/undici/undici', 'tls'];

const recorder = pathToFileURL(join(import.meta.dirname, 'fixtures/record-modules.mjs'));

/** A folder with a program, and with what the processes of commands that are run there have loaded. */
async function recorded() {
  const folder = await temporaryFolder();
  const records = join(folder.path, 'records');
  await mkdir(records);
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const env = { NODE_OPTIONS: `--import=${recorder}`, RECORD_FOLDER: records };
  return {
    path: folder.path,
    records,
    run: (...args: string[]) => highball(args, { cwd: folder.path, env }),
    /** Each module that a process has loaded, and the user that it was then. */
    async loaded(pid: number): Promise<{ uid: number; url: string }[]> {
      const lines = (await readFile(join(records, String(pid)), 'utf8')).trim().split('\n');
      return lines.map((line) => ({ uid: Number.parseInt(line), url: line.slice(line.indexOf(' ') + 1) }));
    },
    /** The packages that they are of, by name, ours without their scope. */
    async packages(pid: number): Promise<string[]> {
      const names = (await this.loaded(pid)).map(({ url }) => packageOf(url));
      return [...new Set(names)].filter((name) => name !== undefined).toSorted();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** In a checkout packages are their folders. The names of the strategies are a file that all may read. */
function packageOf(url: string): string | undefined {
  if (url.endsWith('/balancer/src/strategies.ts')) return undefined;
  const [, name] = /\/packages\/([^/]+)\/src\//.exec(url) ?? [];
  return name ?? /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
}

/** Waits until a server serves. @returns the pid of its first worker, and its port. */
async function served(server: Program): Promise<{ port: string; worker: number }> {
  const [, port = '', pid] = await server.until(/serves http:\/\/[^:]+:(\d+)\n.*\n +front +workers (\d+)/);
  return { port, worker: Number(pid) };
}

/** What only some configurations use. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'access-log',
  'asgi-adapter',
  'balancer',
  'cgi',
  'compression',
  'control-socket',
  'daemon',
  'error-pages',
  'forward-proxy',
  'http-cache',
  'limits',
  'reverse-proxy',
  'router',
  'static-cache',
  'thread-pool',
  'valibot',
  'websocket',
]);
const optional = (packages: readonly string[]): string[] => packages.filter((name) => OPTIONAL.has(name));

/** What knows HTTP: the master does not. */
const HTTP: ReadonlySet<string> = new Set([
  'async-worker',
  'environ',
  'http-parser',
  'http-semantics',
  'gateway-protocol',
  'reverse-proxy',
]);

describe('a command loads what it needs', () => {
  test('--version: nothing', async () => {
    await using place = await recorded();
    const program = place.run('--version');
    expect(await program.exited, program.output).toBe(0);
    expect(await place.packages(program.pid)).toEqual([]);
    expect((await place.loaded(program.pid)).length).toBeLessThan(8);
  });

  test('--help: the parser of command lines', async () => {
    await using place = await recorded();
    const program = place.run('--help');
    expect(await program.exited, program.output).toBe(0);
    expect(await place.packages(program.pid)).toEqual(['commander']);
  });

  test('ctl: what speaks to a server', async () => {
    await using place = await recorded();
    const program = place.run('ctl', 'status', '--socket', join(place.path, 'none'));
    expect(await program.exited, program.output).toBe(1);
    expect(await place.packages(program.pid)).toEqual(['commander', 'control-socket', 'daemon']);
  });
});

describe('the processes of a server load what their configuration uses', () => {
  test('serve: no proxy, cache, CGI or adapter of another kind, nor fetch and TLS of Node', async () => {
    await using place = await recorded();
    await using server = place.run('serve', 'app.mjs', '-b', '127.0.0.1:0');
    const { port, worker } = await served(server);
    expect(optional(await place.packages(worker))).toEqual([]);
    const adapters = (await place.loaded(worker)).filter(({ url }) => /-adapter\/src\/(from|to)-/.test(url));
    expect(adapters).toEqual([]);
    const builtin = (await (await fetch(`http://127.0.0.1:${port}`)).json()) as string[];
    expect(builtin).toContain('NativeModule net');
    expect(LARGE.filter((name) => builtin.includes(`NativeModule ${name}`))).toEqual([]);
  });

  test('the master: nothing of HTTP', async () => {
    await using place = await recorded();
    await using server = place.run('serve', 'app.mjs', '-b', '127.0.0.1:0');
    await served(server);
    const packages = await place.packages(server.pid);
    expect(packages).toContain('prefork-master');
    expect(packages.filter((name) => HTTP.has(name))).toEqual([]);
  });

  test.each([
    ['static', '.', ['static-cache']],
    ['proxy', 'http://127.0.0.1:9', ['balancer', 'reverse-proxy']],
  ])('%s: what it is about', async (command, subject, uses) => {
    await using place = await recorded();
    await using server = place.run(command, subject, '-b', '127.0.0.1:0', '-w', '1');
    const { worker } = await served(server);
    expect(optional(await place.packages(worker))).toEqual(uses);
  });

  test('run: what the routes name', async () => {
    await using place = await recorded();
    const config = `export default { routes: [{ app: 'app.mjs', cache: true }], compress: true };`;
    await writeFile(join(place.path, 'highball.config.mjs'), config);
    await using server = place.run('run', '-c', 'highball.config.mjs', '-b', '127.0.0.1:0', '-w', '1');
    const { worker } = await served(server);
    // What checks a configuration is used by each that reads one.
    expect(optional(await place.packages(worker))).toEqual(['compression', 'http-cache', 'valibot']);
    // Its master has had the options read by a process that is gone.
    const master = await place.packages(server.pid);
    expect(master.filter((name) => HTTP.has(name) || name === 'http-cache')).toEqual([]);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'a worker that becomes another user has loaded all of the server before',
  async () => {
    await using place = await recorded();
    // The user is to read the program, and the recorder to write to what root has made.
    await chmod(place.path, 0o755);
    await using server = place.run('serve', 'app.mjs', '-b', '127.0.0.1:0', '--user', 'nobody');
    const { worker } = await served(server);
    const loaded = await place.loaded(worker);
    const later = loaded.filter(({ uid, url }) => uid !== 0 && !url.startsWith('node:'));
    expect(later.map(({ url }) => url)).toEqual([expect.stringMatching(/\/app\.mjs$/)]);
    expect(await place.packages(worker)).toEqual(
      expect.arrayContaining(['reverse-proxy', 'static-cache', 'http-cache', 'limits', 'cgi', 'pino']),
    );
  },
);
