import { createServer } from 'node:net';
import { once } from 'node:events';
import { highball, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { appOf, BROWSER, get, projectWith } from './dev-support.ts';

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
