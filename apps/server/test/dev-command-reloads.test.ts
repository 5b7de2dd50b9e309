import { mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { appOf, get, getUntil, projectWith } from './dev-support.ts';

describe.concurrent('highball dev reloads', () => {
  test('when a file changes that the application imports, however deep, and tells the pages', async () => {
    await using project = await projectWith({
      'app.ts': `import { text } from './lib/text.ts';\n${appOf('text').replace('(environ, startResponse)', '(environ: unknown, startResponse: Function)')}`,
      'lib/text.ts': "export { text } from './deep/er.ts';",
      'lib/deep/er.ts': "export const text: string = 'one';",
    });
    const server = await project.dev(['app.ts']);
    expect(await get(server.port)).toMatch(/one$/);
    const page = await RawClient.connect(server.port);
    page.send('GET /@highball/dev/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await page.until(/data: \w+\.1\n\n/);
    await project.save('lib/deep/er.ts', "export const text: string = 'two';");
    await page.until(/data: \w+\.2\n\n/);
    expect(await get(server.port)).toMatch(/two$/);
    await server.until(/reloaded in \d+ ms \(lib\/deep\/er\.ts\)/);
    page.destroy();
  });

  test('not when a file changes that is not, or no more, imported, or is of a package; but when an extra file does', async () => {
    const born = 'const born = process.hrtime.bigint();';
    await using project = await projectWith({
      'app.mjs': appOf('String(born)', `import './once.mjs';\n${born}`),
      'once.mjs': '',
      'node_modules/some/index.mjs': '',
      'other.mjs': '',
      'data.txt': 'one',
    });
    const server = await project.dev(['app.mjs', '--reload-extra-file', 'data.txt']);
    await project.save('app.mjs', appOf('String(born)', `import 'some/index.mjs';\n${born}`));
    await server.until(/reloaded .*\(app\.mjs\)/);
    const body = async (): Promise<string> => (await get(server.port)).split('\r\n\r\n')[1] ?? '';
    const first = await body();
    await project.save('once.mjs', 'changed');
    await project.save('other.mjs', 'changed');
    await project.save('node_modules/some/index.mjs', 'changed');
    // The sweep over all files has been, too.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await body()).toBe(first);
    await project.save('data.txt', 'two');
    await server.until(/reloaded .*\(data\.txt\)/);
    expect(await body()).not.toBe(first);
  });

  test('CommonJS modules, and those that they require', async () => {
    await using project = await projectWith({
      'app.cjs': `const { text } = require('./text.cjs');\n${appOf('text').replace('export const app', 'exports.app')}`,
      'text.cjs': "exports.text = 'one';",
    });
    const server = await project.dev(['app.cjs:app']);
    await getUntil(server.port, /one$/);
    await project.save('text.cjs', "exports.text = 'two';");
    await getUntil(server.port, /two$/);
  });

  test.each(['{ "type": "module" }', '{}'])(
    'TypeScript that needs tsx, in a package that says %s',
    async (manifest) => {
      const app = `import { Word } from './word';\nexport const app = (environ: any, startResponse: any) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [Word.text];
};`;
      await using project = await projectWith({
        'package.json': manifest,
        'app.ts': app,
        'word.ts': "export enum Word { text = 'one' }",
      });
      const server = await project.dev(['app.ts']);
      await getUntil(server.port, /one$/);
      await project.save('word.ts', "export enum Word { text = 'two' }");
      await getUntil(server.port, /two$/);
    },
  );

  test('what a link leads to, and the link when it is turned', async () => {
    await using project = await projectWith({
      'app.mjs': `import { text } from './text.mjs';\n${appOf('text')}`,
      'a.mjs': "export const text = 'a1';",
      'b.mjs': "export const text = 'b1';",
    });
    const link = join(project.path, 'text.mjs');
    await symlink('a.mjs', link);
    const server = await project.dev(['app.mjs']);
    await getUntil(server.port, /a1$/);
    await project.save('a.mjs', "export const text = 'a2';");
    await getUntil(server.port, /a2$/);
    await symlink('b.mjs', `${link}~`);
    await rename(`${link}~`, link);
    await getUntil(server.port, /b1$/);
  });

  test('a burst of saves once', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`m${i}.mjs`, `export default 0;`]),
    );
    const imports = Object.keys(files).map((name) => `import './${name}';`);
    await using project = await projectWith({ ...files, 'app.mjs': appOf("'Hello'", imports.join('\n')) });
    const server = await project.dev(['app.mjs']);
    // However long the saves take on a busy machine: to the server they are one burst.
    server.signal('SIGSTOP');
    await Promise.all(Object.keys(files).map((name) => project.save(name, 'export default 11;')));
    server.signal('SIGCONT');
    await server.until(/reloaded .* and 19 more\)/);
    await get(server.port);
    expect(server.stdout.match(/reloaded/g)).toHaveLength(1);
  });

  test('an event-shaped application, whose lifespan ends with its version', async () => {
    const app = (text: string): string => `
import { appendFileSync } from 'node:fs';
const note = (event) => appendFileSync('FOLDER/events', event + ' ${text}\\n');
export const app = async (scope, receive, send) => {
  if (scope.type === 'lifespan') {
    for (;;) {
      const { type } = await receive();
      note(type);
      await send({ type: type + '.complete' });
      if (type === 'lifespan.shutdown') return;
    }
  }
  await send({ type: 'http.response.start', status: 200, headers: [] });
  await send({ type: 'http.response.body', body: new TextEncoder().encode('${text}') });
};`;
    await using project = await projectWith({});
    const save = (text: string): Promise<void> =>
      project.save('app.mjs', app(text).replace('FOLDER', project.path));
    await save('one');
    const server = await project.dev(['--interface', 'asgi', 'app.mjs']);
    expect(await get(server.port)).toMatch(/one/);
    await save('two');
    await getUntil(server.port, /two/);
    server.signal('SIGINT');
    expect(await server.exited).toBe(0);
    const events = (await readFile(join(project.path, 'events'), 'utf8')).split('\n').toSorted().join();
    expect(events).toBe(
      ',lifespan.shutdown one,lifespan.shutdown two,lifespan.startup one,lifespan.startup two',
    );
  });

  test('a program that listens by itself', async () => {
    const program = (text: string): string =>
      `import { createServer } from 'node:http';\ncreateServer((req, res) => res.end('${text}')).listen(80);`;
    await using project = await projectWith({ 'app.mjs': program('one') });
    const server = await project.dev(['app.mjs']);
    expect(await get(server.port)).toMatch(/one/);
    await project.save('app.mjs', program('two'));
    await getUntil(server.port, /two/);
  });

  test('while requests on their way end on the version they began with, which hears of it', async () => {
    const app = (version: string): string => `
import { reloadSignal } from 'highball';
globalThis.seen ??= [];
reloadSignal().addEventListener('abort', () => seen.push('module ${version}'));
export const app = async function (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  if (environ.PATH_INFO === '/seen') return [seen.join()];
  return (async function* () {
    yield 'begun on ${version}, ';
    if ('${version}' === 'one') await new Promise((resolve) => environ['highball.draining']().addEventListener('abort', resolve));
    const { text } = await import('./text.mjs');
    yield 'ended on ${version} with ' + text + '.';
  })();
};`;
    const text = (version: string): string => `export const text = 'text of ${version}';`;
    await using project = await projectWith({
      'app.mjs': `import './text.mjs';${app('one')}`,
      'text.mjs': text('one'),
    });
    await mkdir(join(project.path, 'node_modules'));
    await symlink(join(import.meta.dirname, '..'), join(project.path, 'node_modules/highball'));
    const server = await project.dev(['app.mjs']);
    const client = await RawClient.connect(server.port);
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await client.until('begun on one');
    await project.save('text.mjs', text('two'));
    await client.until('ended on one with text of one.');
    await project.save('app.mjs', app('two'));
    expect(await getUntil(server.port, /begun on two/)).toContain('ended on two with text of two.');
    expect(await get(server.port, '/seen')).toMatch(/\r\n\r\nmodule one,module one$/);
  });
});
