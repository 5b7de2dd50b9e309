import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { highball, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { appOf, get, getUntil, projectWith } from './dev-support.ts';

/** What a browser says when it opens a page. */
const BROWSER = 'Accept: text/html\r\nSec-Fetch-Dest: document\r\n';

describe.concurrent('highball dev serves', () => {
  test('the application, and says with what to serve it in production', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello ' + environ.PATH_INFO") });
    const server = await project.dev(['app.mjs:app']);
    expect(await get(server.port, '/a')).toMatch(/\r\n\r\nHello \/a$/);
    expect(server.stderr).toContain('not for production; there: highball serve app.mjs:app --workers auto\n');
  });

  test('each request as a line with its time', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'") });
    const server = await project.dev(['app.mjs']);
    await get(server.port, '/a?b=c');
    await server.until(/^\d\d:\d\d:\d\d GET {2}\/a\?b=c 200 [\d.]+ ms 5 B$/m);
  });

  test('colours only where they are wanted', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'") });
    const server = await project.dev(['app.mjs'], { NO_COLOR: undefined, FORCE_COLOR: '1' });
    await get(server.port);
    await server.until(/GET {2}\/ /);
    expect(server.stdout).toContain('GET  / \u001b[32m200\u001b[39m ');
  });

  test('not for names that lead here from elsewhere, unless they are allowed', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'") });
    const server = await project.dev(['app.mjs', '--allow-host', 'my.test']);
    const ask = (host: string): Promise<string> =>
      RawClient.connect(server.port).then(async (client) => {
        client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        await client.closed;
        return client.received;
      });
    expect(await ask('evil.example')).toMatch(/^HTTP\/1\.1 403 [^]*--allow-host evil\.example/);
    expect(await ask('My.Test:8000')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask('[::1]')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('and ends on SIGINT, with streams open and timers running', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'", 'setInterval(() => {}, 1000);') });
    const server = await project.dev(['app.mjs']);
    const client = await RawClient.connect(server.port);
    client.send('GET /@highball/dev/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until('data: ');
    server.signal('SIGINT');
    // Were the stream or the timer waited for, it would not end at all.
    expect(await server.exited).toBe(0);
  });

  test('and does so while the application is still being loaded', async () => {
    await using project = await projectWith({ 'app.mjs': 'await new Promise((r) => setTimeout(r, 1e6));' });
    await using server = highball(['dev', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: project.path });
    const [, port] = await server.until(/develops .*:(\d+)/);
    const client = await RawClient.connect(Number(port));
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    server.signal('SIGINT');
    expect(await server.exited).toBe(0);
    expect(client.received).toBe('');
  });
});

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

describe.concurrent('highball dev shows', () => {
  test('why the application does not load, until it does', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'"), 'lib.mjs': '' });
    const server = await project.dev(['app.mjs']);
    await project.save('app.mjs', 'const a = 1;\nfunction broken( {\n');
    const page = await getUntil(server.port, /^HTTP\/1\.1 500 /, '/', BROWSER);
    expect(page).toContain('The application does not load');
    expect(page).toContain('app.mjs:3');
    expect(page).toContain('function broken( {');
    expect(page).toContain('/@highball/dev/client.js');
    await server.until(/the application does not load; waiting for a change\nSyntaxError/);
    await project.save('app.mjs', appOf("'mended'"));
    await getUntil(server.port, /^HTTP\/1\.1 200 [^]*mended$/);
  });

  test('an application that did not load at the start, and one whose file is deleted and comes back', async () => {
    await using project = await projectWith({ 'app.mjs': "import { text } from './gone.mjs';" });
    const server = await project.dev(['app.mjs']);
    expect(await get(server.port)).toMatch(/^HTTP\/1\.1 500 [^]*Cannot find module .*gone\.mjs/);
    await project.save('app.mjs', `import { text } from './gone.mjs';\n${appOf('text')}`);
    await project.save('gone.mjs', "export const text = 'here';");
    await getUntil(server.port, /here$/);
    await rm(join(project.path, 'app.mjs'));
    await getUntil(server.port, /^HTTP\/1\.1 500 [^]*no module 'app\.mjs'/);
    await project.save('app.mjs', appOf("'back'"));
    await getUntil(server.port, /back$/);
  });

  test('a folder that is replaced', async () => {
    await using project = await projectWith({
      'app.mjs': `import { text } from './lib/text.mjs';\n${appOf('text')}`,
      'lib/text.mjs': "export const text = 'one';",
    });
    const server = await project.dev(['app.mjs']);
    await getUntil(server.port, /one$/);
    await rm(join(project.path, 'lib'), { recursive: true });
    await getUntil(server.port, /^HTTP\/1\.1 500 /);
    await mkdir(join(project.path, 'lib'));
    await writeFile(join(project.path, 'lib/text.mjs'), "export const text = 'two';");
    await getUntil(server.port, /two$/);
  });

  test('an application that throws: the sources around it, its cause and environ, and nothing of it as markup', async () => {
    await using project = await projectWith({
      'app.mjs': `import { find } from './find.mjs';
export const app = (environ, startResponse) => {
  try {
    find();
  } catch (cause) {
    throw new Error('cannot show <img src=x onerror=alert(1)>', { cause });
  }
};`,
      'find.mjs':
        "export function find() {\n  // Above & beyond\n  throw new TypeError('no \\'such\\' thing');\n}\n",
    });
    const server = await project.dev(['app.mjs']);
    const secret = 'Cookie: id=swordfish\r\nX-Evil: <script>alert(2)</script>\r\n';
    const page = await get(server.port, '/?<b>', BROWSER + secret);
    expect(page).toMatch(/^HTTP\/1\.1 500 /);
    expect(page).toContain('cannot show &lt;img src=x onerror=alert(1)&gt;');
    expect(page).toMatch(/data-line="6"> {4}throw <mark>new<\/mark> Error/);
    expect(page).toContain('Caused by');
    expect(page).toContain('// Above &amp; beyond');
    expect(page).toContain('GET /?&lt;b&gt;');
    expect(page).toMatch(/HTTP_X_EVIL<\/th><td><code>&lt;script&gt;/);
    expect(page).toMatch(
      /HTTP_COOKIE<\/th><td><details class="secret"><summary>hidden<\/summary><code>id=swordfish/,
    );
    expect(page).not.toMatch(/<img|<script>/);
    expect(page).toMatch(/Content-Security-Policy: default-src 'none'; style-src 'nonce-/);
    await server.until(
      /the application failed: GET [^]*caused by TypeError: no 'such' thing\n {4}at find find\.mjs:3:9/,
    );
  });

  test('to programs text or JSON, without the secrets', async () => {
    await using project = await projectWith({
      'app.mjs': "export const app = () => { throw Object.assign(new Error('no'), { code: 'E_NO' }); };",
    });
    const server = await project.dev(['app.mjs']);
    const cookie = 'Cookie: id=swordfish\r\n';
    const text = await get(server.port, '/', `Accept: */*\r\n${cookie}`);
    expect(text).toContain('Content-Type: text/plain; charset=utf-8\r\n');
    expect(text).toMatch(/\r\n\r\nError: no\n {4}code: E_NO\n {4}at app app\.mjs:1:48\n$/);
    const json = await get(server.port, '/', `Accept: application/json\r\n${cookie}`);
    expect(json).toContain('Content-Type: application/problem+json\r\n');
    expect(JSON.parse(json.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      status: 500,
      title: 'The application failed',
      error: { name: 'Error', details: { code: 'E_NO' }, stack: ['app app.mjs:1:48'] },
    });
    expect(text + json).not.toContain('swordfish');
  });

  test('errors of a body as long as nothing of it is sent; later ones cut the connection', async () => {
    await using project = await projectWith({
      'app.mjs': `export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return (async function* () {
    if (environ.PATH_INFO === '/late') yield 'begun';
    throw new Error('in the body');
  })();
};`,
    });
    const server = await project.dev(['app.mjs']);
    expect(await get(server.port, '/')).toMatch(/^HTTP\/1\.1 500 [^]*Error: in the body/);
    const late = await get(server.port, '/late');
    expect(late).toMatch(/^HTTP\/1\.1 200 [^]*begun/);
    expect(late).not.toMatch(/0\r\n\r\n$/);
    await server.until(/the application failed: GET \/late\nError: in the body/);
  });

  test('breaches of the gateway protocol, unless they are not to be looked for', async () => {
    await using project = await projectWith({
      'app.mjs': `export const app = (environ, startResponse) => {
  startResponse('200 OK', environ.PATH_INFO === '/' ? [['Content-Type', 'text/plain']] : []);
  return [environ.PATH_INFO === '/' ? 'half of a pair: \\ud800' : 'no type'];
};`,
    });
    const server = await project.dev(['app.mjs']);
    expect(await get(server.port)).toMatch(/^HTTP\/1\.1 500 [^]*GatewayBreach: [^]*CHUNK_TEXT/);
    await server.until(/the application failed: GET \/\nGatewayBreach: /);
    expect(await get(server.port, '/advice')).toMatch(/^HTTP\/1\.1 200 /);
    await server.until(/CONTENT_TYPE_MISSING: /);
    const tolerant = await project.dev(['app.mjs', '--no-validate']);
    expect(await get(tolerant.port)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('errors outside any request in its log, and lives on', async () => {
    await using project = await projectWith({
      'app.mjs': appOf("'Hello'", "setTimeout(() => { throw new Error('astray'); }, 50);"),
    });
    const server = await project.dev(['app.mjs']);
    await server.until(/an error outside any request\nError: astray\n {4}at .*app\.mjs:1:/);
    expect(await get(server.port)).toMatch(/Hello$/);
  });
});

describe.concurrent('highball dev refuses, in one line', () => {
  const refusal = async (
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<[number | string, string]> => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'") });
    await using server = highball(['dev', ...args], { cwd: project.path, env });
    return [await server.exited, server.stderr];
  };

  test('a public address', async () => {
    const [code, text] = await refusal(['app.mjs', '-b', '0.0.0.0:0']);
    expect(code).toBe(1);
    expect(text).toMatch(
      /^highball: dev shows sources .* '0\.0\.0\.0:0'; bind a loopback address .* --i-know\n$/,
    );
  });

  test('NODE_ENV=production', async () => {
    const [code, text] = await refusal(['app.mjs', '-b', '127.0.0.1:0'], { NODE_ENV: 'production' });
    expect(code).toBe(1);
    expect(text).toBe(
      'highball: NODE_ENV is production: use highball serve app.mjs --workers auto, or say --i-know\n',
    );
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const [code, text] = await refusal(['app.mjs', '-b', `127.0.0.1:${port}`]);
    other.close();
    expect(code).toBe(3);
    expect(text).toMatch(
      new RegExp(`^highball: cannot listen on port ${port}: EADDRINUSE; another program has it.*\n$`),
    );
  });

  test('a module that is not there', async () => {
    const [code, text] = await refusal(['gone.mjs', '-b', '127.0.0.1:0']);
    expect(code).toBe(4);
    expect(text).toMatch(/^highball: no module 'gone\.mjs' in .*\n$/);
  });

  test('unless the person knows', async () => {
    await using project = await projectWith({ 'app.mjs': appOf("'Hello'") });
    await using server = highball(['dev', 'app.mjs', '-b', '0.0.0.0:0', '--i-know'], {
      cwd: project.path,
      env: { NODE_ENV: 'production' },
    });
    await server.until(/develops app\.mjs on http:\/\/0\.0\.0\.0:\d+/);
  });
});

describe('highball serve', () => {
  test('shows a client neither stack nor path nor reason', async () => {
    await using project = await projectWith({
      'app.mjs': `export const app = (environ, startResponse) => {
  if (environ.PATH_INFO === '/') throw new Error('the secret reason');
  return 17;
};`,
    });
    await using server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0'], { cwd: project.path });
    const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
    for (const path of ['/', '/wrong']) {
      const answer = await get(Number(port), path, BROWSER);
      expect(answer).toMatch(/^HTTP\/1\.1 500 [^]*\r\n\r\n500 Internal Server Error\n$/);
      expect(answer).not.toMatch(/secret|app\.mjs|at app|script/);
      expect(answer).not.toContain(project.path);
    }
  });
});

describe('highball dev is quick', () => {
  test('in less than 300 ms though the module imports 200 files', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`lib/m${i}.ts`, `export const value${i}: number = ${i};\n`]),
    );
    const imports = Object.keys(files).map((name) => `import './${name}';`);
    await using project = await projectWith({
      ...files,
      'app.ts': appOf("'Hello'", imports.join('\n')).replace(
        '(environ, startResponse)',
        '(_: unknown, startResponse: Function)',
      ),
    });
    const server = await project.dev(['app.ts']);
    // The best of some: the machine may have other things to do.
    const times: number[] = [];
    for (let i = 0; i < 8 && !times.some((ms) => ms < 300); i++) {
      await project.save(`lib/m${i}.ts`, 'export const changed: boolean = true;');
      const [, ms] = await server.until(new RegExp(`reloaded in (\\d+) ms \\(lib/m${i}\\.ts\\)`));
      times.push(Number(ms));
    }
    expect(Math.min(...times)).toBeLessThan(300);
  });
});
