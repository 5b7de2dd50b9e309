import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort, highballBin, Program, temporaryFolder } from '@highball/testkit';
import { tryRequest } from './compare.ts';
import { type Page, readPages } from './page.ts';
import { type Pair, searchPath } from './pairs.ts';
import { requests } from './requests.ts';
import { root } from './root.ts';

/** A pair of servers that runs. */
export interface RunningPair extends AsyncDisposable {
  /** The port of the one in front. */
  readonly port: number;
  /** All that the servers have printed. */
  output(): string;
}

const programs = join(import.meta.dirname, 'programs');
const START_MS = 30_000;

/** Starts the servers of a pair by the commands of its page, on ports and in a folder of their own. */
export async function startPair(pair: Pair): Promise<RunningPair> {
  const folder = await temporaryFolder();
  const running: Program[] = [];
  const stop = async (): Promise<void> => {
    for (const program of running.toReversed()) await program.stop();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const port = await freePort();
    const places = { '8000': await freePort(), '8001': await freePort(), '8080': port };
    const localize = (text: string): string =>
      text
        .replaceAll(/\b(8000|8001|8080)\b/g, (number) => String(places[number as keyof typeof places]))
        .replaceAll(/\/(run|srv)\/hello\b/g, folder.path);
    const page = readPages(pair.pages);
    await layOut(pair, page, folder.path, localize);
    for (const name of pair.commands) {
      const command = page.commands.get(name);
      if (command === undefined) throw new Error(`${pair.pages.join(', ')} has no command '${name}'`);
      const env = { ...searchPath(join(folder.path, 'bin')), PYTHONPATH: folder.path };
      running.push(new Program('/bin/sh', ['-c', `exec ${localize(command)}`], { cwd: folder.path, env }));
    }
    const output = (): string => running.map((program) => program.output).join('');
    await untilReady(port, running, output);
    return { port, output, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function layOut(
  pair: Pair,
  page: Page,
  folder: string,
  localize: (text: string) => string,
): Promise<void> {
  // Servers that were started by root serve as somebody else.
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/highball'), `#!/bin/sh\nexec ${process.execPath} ${highballBin} "$@"\n`, {
    mode: 0o755,
  });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of pair.files) {
    const text = page.files.get(name);
    if (text === undefined) throw new Error(`${pair.pages.join(', ')} has no file '${name}'`);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), localize(text));
  }
  await addRoutes(pair.program, page, folder);
}

/** Puts the routes for the requests beside the page's hello-world, under the name that its commands have. */
async function addRoutes(program: Pair['program'], page: Page, folder: string): Promise<void> {
  const copy = (name: string, to = name): Promise<void> => copyFile(join(programs, name), join(folder, to));
  const extend = async (name: string, lines: string): Promise<void> =>
    writeFile(join(folder, name), `${await readFile(join(folder, name), 'utf8')}\n${lines}`);
  if (program === 'flask') {
    await copy('routes_flask.py');
    await extend('hello.py', 'import routes_flask\n');
  } else if (program === 'django') {
    await copy('routes_django.py');
    await extend('mysite.py', 'import routes_django\n\nurlpatterns += routes_django.more_urls\n');
  } else if (program === 'php') {
    await copy('index.php');
  } else {
    await copy('routes.ts', 'hello.ts');
    await writeFile(join(folder, 'hello-world.ts'), page.files.get('hello.ts') ?? '');
  }
}

async function untilReady(port: number, running: readonly Program[], output: () => string): Promise<void> {
  const deadline = Date.now() + START_MS;
  const hello = requests[0];
  let differences: string[] = [];
  const ended = running.map((program) => program.exited.then(() => true, () => true)); // prettier-ignore
  while (Date.now() < deadline) {
    const over = await Promise.race([...ended, new Promise<false>((wake) => setTimeout(wake, 100, false))]);
    if (over) throw new Error(`a server has ended:\n${output()}`);
    differences = await tryRequest(port, hello!);
    if (differences.length === 0) return;
  }
  throw new Error(`not ready within ${START_MS} ms: ${differences.join('; ')}\n${output()}`);
}
