import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, BROWSER, get, getUntil, projectWith } from './dev-support.ts';

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
