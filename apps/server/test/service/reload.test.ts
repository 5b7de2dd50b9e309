import { describe, expect, test } from 'vitest';
import { Site, who } from '../started.ts';

const settings = (text: string): string => `export default { ${text} };`;

describe('HUP', () => {
  test('brings new values of the configuration, and says which of them take a new master', async () => {
    await using site = await Site.make({ 'my.config.ts': settings("workers: 1, rawEnv: ['WORD=old']") });
    const { port, program } = await site.serve(['-c', 'my.config.ts']);
    expect((await who(port)).word).toBe('old');
    await site.write('my.config.ts', settings("workers: 2, rawEnv: ['WORD=new'], timeout: 60"));
    program.signal('SIGHUP');
    await expect.poll(async () => (await who(port)).word).toBe('new');
    await program.until(/the reload changes workers, rawEnv/);
    await program.until(/a reload cannot change timeout: run highball ctl upgrade, or restart/);
    await expect.poll(async () => (await site.status()).pools[0]?.workers.length).toBe(2);
  });

  test('with a configuration that is not valid leaves everything as it was', async () => {
    await using site = await Site.make({ 'my.config.ts': settings("rawEnv: ['WORD=old']") });
    const { port, program } = await site.serve(['-c', 'my.config.ts']);
    const { pid } = await who(port);
    await site.write('my.config.ts', settings("rawEnv: 'WORD'"));
    program.signal('SIGHUP');
    await program.until(
      /the reload is given up; the old workers stay in service: .*my\.config\.ts: rawEnv must be/,
    );
    expect(await who(port)).toMatchObject({ pid, word: 'old' });
    await site.write('my.config.ts', 'broken(');
    const control = await site.control();
    await expect(control.call('reload')).rejects.toThrow(/cannot load .*my\.config\.ts/);
    expect((await who(port)).pid).toBe(pid);
  });
});

test('files of the application are watched with --reload', async () => {
  await using site = await Site.make();
  const { port } = await site.serve(['--reload', '-e', 'WORD=same']);
  const { pid } = await who(port);
  await site.write('helper.mjs', 'export {};');
  await expect.poll(async () => (await who(port)).pid).not.toBe(pid);
});

test('hooks are called in the master and in the workers, and their errors change nothing', async () => {
  const note = "const note = (text) => console.log('hook:', text);";
  const hooks = `hooks: {
    onStarting: ({ addresses }) => note('onStarting ' + addresses.length),
    whenReady: ({ addresses }) => note('whenReady ' + addresses.length),
    preFork: (_, { id, pool, pid }) => note('preFork ' + pool + id + ' ' + pid),
    postFork: ({ pid }) => note('postFork ' + (pid === process.pid)),
    postWorkerInit: () => note('postWorkerInit'),
    preRequest: (_, environ) => { note('preRequest ' + environ.PATH_INFO); throw new Error('only a hook'); },
    postRequest: async (_, environ, { status, complete }) => note('postRequest ' + status + ' ' + complete),
    onReload: () => note('onReload'),
    childExit: (_, { id }, { code, expected }) => note('childExit ' + id + ' ' + code + ' ' + expected),
    workerExit: () => note('workerExit'),
    nworkersChanged: (_, pool, workers, before) => note('nworkersChanged ' + pool + ' ' + before + ' ' + workers),
    onExit: () => note('onExit'),
  }`;
  await using site = await Site.make({ 'my.config.ts': `${note}\n${settings(hooks)}` });
  const { port, program } = await site.serve(['-c', 'my.config.ts']);
  expect((await who(port, '/x')).path).toBe('/x');
  await program.until(/the hook preRequest has failed[^]*only a hook/);
  await program.until(/hook: postRequest/);
  program.signal('SIGHUP');
  await program.until(/childExit/);
  await program.stop();
  const said = [...program.stdout.matchAll(/hook: (.*)\n/g)].map(([, text]) => text);
  expect(said.slice(0, 4)).toEqual([
    'onStarting 0',
    'preFork front1 undefined',
    'nworkersChanged front 0 1',
    'postFork true',
  ]);
  expect(said).toEqual(
    expect.arrayContaining([
      'postWorkerInit',
      'whenReady 1',
      'preRequest /x',
      'postRequest 200 OK true',
      'onReload',
      'workerExit',
      'childExit 1 0 true',
    ]),
  );
  expect(said.at(-1)).toBe('onExit');
});

test('onStarting can stop the start', async () => {
  const hooks = "hooks: { onStarting() { throw new Error('the licence has run out'); } }, pid: 'app.pid'";
  await using site = await Site.make({ 'my.config.ts': settings(hooks) });
  const program = site.run(['serve', 'app.mjs', '-c', 'my.config.ts', '-b', '127.0.0.1:0']);
  expect(await program.exited).toBe(1);
  expect(program.stderr).toBe('highball: the licence has run out\n');
});

describe('without starting anything', () => {
  test('--print-config shows each value and where it comes from', async () => {
    await using site = await Site.make({ 'my.config.ts': settings('keepAlive: 5, backlog: 10') });
    const program = site.run(
      ['serve', 'app.mjs', '-c', 'my.config.ts', '--print-config', '-t', '3', '--no-reload'],
      { HIGHBALL_BACKLOG: '20', WEB_CONCURRENCY: '4' },
    );
    expect(await program.exited).toBe(0);
    expect(program.stdout).toMatch(/^keepAlive +5 +\S+my\.config\.ts *$/m);
    expect(program.stdout).toMatch(/^backlog +20 +\$HIGHBALL_BACKLOG *$/m);
    expect(program.stdout).toMatch(/^workers +4 +\$WEB_CONCURRENCY *$/m);
    expect(program.stdout).toMatch(/^timeout +3 +--timeout *$/m);
    expect(program.stdout).toMatch(/^reload +false +--reload *$/m);
    expect(program.stdout).toMatch(/^headTimeout +20 +default *$/m);
  });

  test.each([
    [['serve', 'app.mjs', '--check-config'], 0, /^The configuration is correct\.\n$/],
    [['serve', 'broken.mjs', '--check-config'], 4, /^highball: cannot load .*no database\n$/],
    [['serve', 'app.mjs', '--check-config', '-b', 'here'], 3, /^highball: cannot read the address "here"/],
    [['serve', 'app.mjs', '--check-config', '-c', 'routes.ts'], 1, /routes\.ts: routes is no setting/],
    [
      ['serve', 'app.mjs', '--check-config', '--proxy-allow-ips', 'x'],
      1,
      /^highball: --proxy-allow-ips: .*\["x"\]/,
    ],
    [['check', '-c', 'both.ts'], 1, /^highball: --proxy-protocol v1 does not go with --protocol uwsgi/],
    [['check', '-c', 'routes.ts'], 0, /^The configuration is correct\.\n$/],
    [['check', '-c', 'hooks.ts'], 1, /hooks\.ts: hooks\.onFire is no hook; there are: onStarting/],
    [['check', '-c', 'upstream.ts'], 4, /^highball: cannot load .*broken\.mjs: no database\n$/],
    [['check', '-c', 'unknown.ts'], 1, /unknown\.ts: wokers is no key/],
  ])('highball %j exits with %d', async (args, code, message) => {
    await using site = await Site.make({
      'broken.mjs': 'throw new Error("no database");',
      'both.ts': settings("routes: [{ app: 'app.mjs' }], protocol: 'uwsgi', proxyProtocol: 'v1'"),
      'routes.ts': settings("routes: [{ app: 'app.mjs' }]"),
      'hooks.ts': settings("routes: [{ app: 'app.mjs' }], hooks: { onFire() {} }"),
      'upstream.ts': settings("upstreams: { a: { app: 'broken.mjs' } }, routes: [{ proxy: 'a' }]"),
      'unknown.ts': settings("routes: [{ app: 'app.mjs' }], wokers: 1"),
    });
    const program = site.run(args);
    expect(await program.exited, program.output).toBe(code);
    expect(program.output).toMatch(message);
  });
});
