import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Site } from './started.ts';

/** What is shown of a start that is refused: one line, by the master itself, with the exit code. */
async function refusal(args: readonly string[], files: Record<string, string> = {}): Promise<string> {
  await using site = await Site.make(files);
  const program = site.run([...args, '-b', 'unix:bound.sock', '--log-level', 'debug']);
  const code = await program.exited;
  expect(program.output.trimEnd().split('\n'), program.output).toHaveLength(1);
  return `${code} ${program.stderr.trimEnd().replaceAll(`${site.path}/`, '')}`;
}

const serve = (...flags: string[]): Promise<string> => refusal(['serve', 'app.mjs', ...flags]);
const proxy = (...flags: string[]): Promise<string> => refusal(['proxy', 'http://127.0.0.1:1', ...flags]);

const NETWORKS = "addresses or networks (10.0.0.0/8), 'unix', or '*'";

describe('what no worker could start with is refused by the command, before anything is bound:', () => {
  test.each([
    [
      ['--forwarded-allow-ips', 'nonsense'],
      `--forwarded-allow-ips: forwardedAllowIps must be ${NETWORKS}, not ["nonsense"]`,
    ],
    [
      ['--uwsgi-allow-ips', '::1/200'],
      `--uwsgi-allow-ips: uwsgiAllowIps must be ${NETWORKS}, not ["::1/200"]`,
    ],
    [
      ['--proxy-allow-ips', 'unix'],
      `--proxy-allow-ips: proxyAllowIps must be addresses or networks (10.0.0.0/8), or '*', not ["unix"]`,
    ],
    [
      ['--protocol', 'uwsgi', '--proxy-protocol', 'v1'],
      '--proxy-protocol v1 does not go with --protocol uwsgi, whose variables name the client: leave it off',
    ],
    [
      ['--reload', '--reload-extra-files', 'missing'],
      '--reload-extra-files: reloadExtraFiles must be names of files or folders, not "missing": there is no such file',
    ],
  ])('serve %j', async (flags, line) => {
    expect(await serve(...flags)).toBe(`1 highball: ${line}`);
  });

  test.each(['%(nope)s', '$nope', 'nope', '$status\n$status'])(
    'serve --access-log-format %j',
    async (format) => {
      const line = await serve('--access-log', '-', '--access-log-format', format);
      expect(line).toMatch(/^1 highball: --access-log-format: accessLogFormat must be combined, common, /);
      expect(line).toContain(`not ${JSON.stringify(format)}`);
    },
  );

  test('proxy --trust, by the name that was used', async () => {
    expect(await proxy('--trust', '10.0.0.0/8', '--trust', 'me')).toBe(
      `1 highball: --trust: forwardedAllowIps must be ${NETWORKS}, not ["10.0.0.0/8","me"]`,
    );
  });

  test.each(['--connect-timeout', '--read-timeout', '--send-timeout'])(
    'proxy %s, longer than a timer runs',
    async (flag) => {
      expect(await proxy(flag, '1e10')).toBe(
        `1 highball: ${flag} must be seconds, from 0 to 2000000, not '1e10'`,
      );
    },
  );

  test.each(['1.5', '1e400', '-1', ''])('static --max-age %j', async (age) => {
    expect(await refusal(['static', '.', `--max-age=${age}`])).toBe(
      `1 highball: --max-age must be whole seconds, from 0 to 2147483648, not '${age}'`,
    );
  });

  test.each(['HIGHBALL_FORWARDED_ALLOW_IPS', 'FORWARDED_ALLOW_IPS'])('$%s', async (variable) => {
    await using site = await Site.make();
    const program = site.run(['serve', 'app.mjs'], { [variable]: 'nonsense' });
    expect(await program.exited).toBe(1);
    expect(program.output).toBe(
      `highball: ${variable}: forwardedAllowIps must be ${NETWORKS}, not "nonsense"\n`,
    );
  });

  test.each([
    [
      "routes: [{ static: './missing' }]",
      /^1 highball: site\.mjs: routes\[0\]\.static must be a folder that is there, not 'missing'$/,
    ],
    ["routes: [{ app: './missing.mjs' }]", /^4 highball: no module '\.\/missing\.mjs'/],
    [
      "upstreams: { a: { servers: ['nonsense'] } }, routes: [{ proxy: 'a' }]",
      /^1 highball: upstream 'a': 'nonsense' is no upstream; write http/,
    ],
    [
      "upstreams: { a: { app: './no.mjs' } }, routes: [{ proxy: 'a' }]",
      /^4 highball: no module '\.\/no\.mjs'/,
    ],
    [
      "routes: [{ cgi: './missing' }]",
      /^1 highball: site\.mjs: routes\[0\]\.cgi must be a folder or program that is there, not 'missing'$/,
    ],
  ])('run, with %s', async (config, line) => {
    const files = { 'site.mjs': `export default { ${config} };` };
    expect(await refusal(['run', '-c', 'site.mjs'], files)).toMatch(line);
  });

  const OWN = "upstreams: { a: { servers: ['http://127.0.0.1:1'], PART } }, routes: [{ proxy: 'a' }]";

  test.each([
    [
      "routes: [{ app: 'app.mjs', cache: { maxBytes: -1 } }]",
      'routes[0].cache: maxBytes is a number from 0 on, not -1',
    ],
    [
      "routes: [{ static: '.', files: { maxFileBytes: 'x' } }]",
      'routes[0]: maxFileBytes is a number from 0 on, not x',
    ],
    [
      "limits: { rules: [{ name: 'all' }] }, routes: [{ app: 'app.mjs' }]",
      /^limits: all limits nothing: give it one of requestsPerSecond, /,
    ],
    ["compress: { minBytes: -1 }, routes: [{ app: 'app.mjs' }]", 'compress: minBytes is 0 or more, not -1'],
    [
      "errorPages: { pages: { 404: './gone.html' } }, routes: [{ app: 'app.mjs' }]",
      /^errorPages: gone\.html cannot be read/,
    ],
    ["forwardProxy: {}, routes: [{ app: 'app.mjs' }]", /^forwardProxy: users must be given/],
    ["explain: { secret: 'short' }, routes: [{ app: 'app.mjs' }]", /^explain: explain\.secret must have 16/],
    ["routes: [{ path: '/a/(', app: 'app.mjs' }]", /^routes\[0\]\.path '\/a\/\(' is no pattern/],
    ["routes: [{ path: '/:a', rewrite: '/{b}' }]", /^routes\[0\]\.rewrite '\/\{b\}' uses \{b\}/],
    [OWN.replace('PART', "hashBy: 'header:'"), /^upstream/],
  ])('run and check, what only a package knows: %s', async (config, line) => {
    const files = { 'site.mjs': `export default { ${config} };` };
    const shown = await refusal(['run', '-c', 'site.mjs'], files);
    expect(shown.slice(0, 22)).toBe('1 highball: site.mjs: ');
    expect(shown.slice(22)).toEqual(typeof line === 'string' ? line : expect.stringMatching(line));
    expect(await refusal(['check', '-c', 'site.mjs'], files)).toBe(shown);
  });

  test('run, before a worker is started or a cache makes its folder', async () => {
    const route = "{ app: 'app.mjs', cache: { folder: 'stored' } }";
    const config = `export default { routes: [${route}, { app: 'app.mjs', cache: { maxBytes: -1 } }],
      hooks: { preFork: () => console.log('forked'), postFork: () => console.log('forked') } };`;
    await using site = await Site.make({ 'site.mjs': config });
    const program = site.run(['run', '-c', 'site.mjs', '-b', 'unix:bound.sock']);
    expect(await program.exited).toBe(1);
    expect(program.stdout).toBe('');
    expect(readdirSync(site.path).toSorted()).toEqual(['app.mjs', 'site.mjs']);
  });

  test('run, but for what its onStarting makes', async () => {
    const config = `import { mkdirSync } from 'node:fs';
      export default { hooks: { onStarting: () => mkdirSync('made') }, routes: [{ static: './made' }] };`;
    await using site = await Site.make({ 'site.mjs': config });
    await site
      .run(['run', '-c', 'site.mjs', '-b', '127.0.0.1:0', '--control-socket', 'off'])
      .until(/serves http/);
  });
});
