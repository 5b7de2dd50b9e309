import { expect, test } from 'vitest';
import { Site } from './started.ts';
import { Behind } from './upstream/support.ts';

async function explain(config: string, ...args: string[]): Promise<string> {
  await using site = await Site.make({ 'highball.config.mjs': `export default ${config};` });
  const program = site.run(['explain', ...args, '-c', 'highball.config.mjs']);
  const code = await program.exited;
  return code === 0 ? program.stdout : program.stderr;
}

test('explain says what each route would do, and which server would answer', async () => {
  await using up = await Behind.start('up');
  await using gone = await Behind.start('gone');
  await gone.stop();
  const config = `{
    upstreams: { site: { servers: ['${gone.url}', '${up.url}'], balance: 'rendezvous',
      health: { panicThreshold: 0, check: { intervalMs: 60_000 } } } },
    routes: [
      { path: '/static/*file', static: '.', prefix: '/static' },
      { name: 'clean', path: '/old/:id', headers: { 'X-Old': 'yes' }, rewrite: '/new?id={id}' },
      { path: '/moved', redirect: '/new', status: 301 },
      { path: '/new', proxy: 'site', cache: true },
      { path: '/app', app: './is-not-called.mjs' },
    ],
  }`;
  expect(await explain(config, 'get', 'http://a.example/old/7', '-H', 'X-Old: yes'))
    .toBe(`GET http://a.example/old/7
  routes[0]  is not for /old/7: path
  clean      makes it /new?id=7
  routes[2]  is not for /new?id=7: path
  routes[3]  answers
answered by the upstream site, through its cache
  rendezvous; the server that a worker chooses first:
    ${gone.url} down: connect ECONNREFUSED ${gone.url.slice(7)}
  → ${up.url}
`);
  expect(await explain(config, 'GET', '/moved')).toMatch(
    /routes\[2\] {2}sends the client to \/new \(301\)\n$/,
  );
  expect(await explain(config, 'GET', '/old/7')).toMatch(
    /clean +is not for \/old\/7: headers\.X-Old\n[^]*\nno route answers: 404\n$/,
  );
  expect(await explain(config, 'GET', '/app')).toMatch(/answered by \.\/is-not-called\.mjs\n$/);
  // It was checked, as a worker does, and asked for nothing.
  expect(up.asked).toEqual([]);
});

test.each([
  ['ftp://x/', "highball: 'ftp://x/' cannot be asked for; write /path, or http://host/path\n"],
  ['/%ff', "highball: '/%ff' cannot be asked for; write /path, or http://host/path\n"],
])('%s is refused', async (url, message) => {
  expect(await explain("{ routes: [{ static: '.' }] }", 'GET', url)).toBe(message);
});
