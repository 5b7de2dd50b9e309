// Packs every published package, installs the tarballs in an empty folder without the repository's sources, and
// runs what was installed: each package is imported, and `highball serve` answers for applications of several kinds.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, root } from '../workspaces.ts';

const TYPESCRIPT = `import type { Application } from '@highball/gateway-protocol';
export const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello from ' + environ.PATH_INFO];
};
`;
const LISTENS = `import { createServer } from 'node:http';
createServer((request, response) => response.end('Hello from ' + request.url)).listen(3000);
`;

const folder = mkdtempSync(join(tmpdir(), 'highball-install-'));
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

try {
  const flags = published.flatMap(({ manifest }) => ['--workspace', manifest.name]);
  run('npm', ['pack', '--silent', '--pack-destination', folder, ...flags], root);
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (tarballs.length !== published.length)
    throw new Error(`packed ${tarballs.length} of ${published.length}`);

  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs.map((name) => `./${name}`)], folder);
  importAll();
  await serve(['app.ts:app'], TYPESCRIPT, 'app.ts');
  await serve(['app.ts:app', '--worker-class', 'threads', '--threads', '2'], TYPESCRIPT, 'app.ts');
  await serve(['listens.js'], LISTENS, 'listens.js');
  console.log(`packed, installed and ran ${published.length} packages`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Every entry of every package loads, and exports something. */
function importAll(): void {
  const entries = published.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => manifest.name + subpath.slice(1)),
  );
  const checks = entries.map(
    (entry) =>
      `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} exports nothing');`,
  );
  writeFileSync(join(folder, 'import-all.js'), checks.join('\n'));
  run(process.execPath, ['import-all.js'], folder);
}

/** The installed command runs a program on two workers, and stops when it is told to. */
async function serve(args: readonly string[], source: string, file: string): Promise<void> {
  writeFileSync(join(folder, file), source);
  const bin = join(folder, 'node_modules/.bin/highball');
  const server = spawn(process.execPath, [bin, 'serve', ...args, '-w', '2', '-b', '127.0.0.1:0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    for await (const chunk of server.stdout.setEncoding('utf8')) {
      output += chunk as string;
      if (/http:\/\/[\d.]+:\d+/.test(output)) break;
    }
    const address = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
    const answer = await (await fetch(`${address}/a/stranger`)).text();
    if (answer !== 'Hello from /a/stranger') throw new Error(`highball serve ${args.join(' ')}: '${answer}'`);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}
