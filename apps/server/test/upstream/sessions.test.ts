import type { ServerResponse } from 'node:http';
import { RawClient, Resources } from '@highball/testkit';
import { expect, test } from 'vitest';
import { balance, Behind, bodyOf, get } from './support.ts';

const SECRET = 'only this test knows it, nobody else';
const cookieIn = (answer: string): string | undefined => /^Set-Cookie: ([^;\r]+)/im.exec(answer)?.[1];

test('sticky: a session stays at its server, also after that was started anew and after a reload', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  const servers = [one, two];
  await using site = await balance(
    `{ servers: ['${one.url}', '${two.url}'], sticky: { secrets: ['${SECRET}'], secure: false }, health: { failTimeoutMs: 10 } }`,
    'workers: 2,',
  );
  const first = await get(site.port);
  const name = bodyOf(first);
  const cookie = cookieIn(first) as string;
  expect(cookie).toMatch(/^highball_peer=/);
  // Neither the address nor the name stands in it.
  expect(decodeURIComponent(cookie)).not.toMatch(/127|one|two/);
  const again = await get(site.port, '/', `Cookie: theme=dark; ${cookie}\r\n`);
  expect(bodyOf(again)).toBe(name);
  expect(cookieIn(again)).toBeUndefined();
  expect(await site.ask(6, `Cookie: ${cookie}\r\n`)).toEqual(Array.from({ length: 6 }, () => name));
  const its = servers.find((server) => server.name === name) as Behind;
  await its.stop();
  await its.restart();
  await site.site.ctl('reload');
  expect(await site.ask(6, `Cookie: ${cookie}\r\n`)).toEqual(Array.from({ length: 6 }, () => name));
});

test('sticky: while its server is gone a session moves, and gets another cookie', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance(
    `{ servers: ['${one.url}', '${two.url}'], sticky: { secrets: ['${SECRET}'], secure: false } }`,
  );
  const first = await get(site.port);
  const cookie = cookieIn(first) as string;
  await (bodyOf(first) === 'one' ? one : two).stop();
  const moved = await get(site.port, '/', `Cookie: ${cookie}\r\n`);
  expect(moved).toMatch(/^HTTP\/1\.1 200 /);
  expect(bodyOf(moved)).not.toBe(bodyOf(first));
  expect(cookieIn(moved)).not.toBe(cookie);
});

test('sticky: a forged cookie chooses nothing', async () => {
  await using one = await Behind.start('one');
  await using two = await Behind.start('two');
  await using site = await balance(
    `{ servers: ['${one.url}', '${two.url}'], sticky: { secrets: ['${SECRET}'], secure: false } }`,
  );
  const cookie = cookieIn(await get(site.port)) as string;
  const forged = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const answers = await site.ask(6, `Cookie: ${forged}\r\n`);
  expect(new Set(answers)).toEqual(new Set(['one', 'two']));
  expect(cookieIn(await get(site.port, '/', `Cookie: ${forged}\r\n`))).toBeDefined();
});

test.each([
  ["{ header: 'X-User' }", '/', (value: string) => `X-User: ${value}\r\n`],
  ["{ cookie: 'session' }", '/', (value: string) => `Cookie: a=b; session=${value}\r\n`],
])('hashBy %s: the same value, the same server', async (hashBy, path, fields) => {
  const servers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => Behind.start(name)));
  await using resources = new Resources();
  for (const server of servers) resources.use(server);
  await using site = await balance(
    `{ servers: ${JSON.stringify(servers.map(({ url }) => url))}, balance: 'rendezvous', hashBy: ${hashBy} }`,
  );
  const server = async (value: string): Promise<string> => bodyOf(await get(site.port, path, fields(value)));
  const users = Array.from({ length: 12 }, (_, i) => `user${i}`);
  const first = await Promise.all(users.map(server));
  expect(await Promise.all(users.map(server))).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
});

test('queue: as many requests as a server may have, as many as may wait, and the next is 503', async () => {
  await using one = await Behind.start('one');
  const held: ServerResponse[] = [];
  one.behave = (_, response) => void held.push(response);
  await using site = await balance(
    `{ servers: ['${one.url}'], maxConnections: 2, queue: { maxWaiting: 1, timeoutMs: 60_000 } }`,
  );
  const answers = [get(site.port), get(site.port)];
  await expect.poll(() => held.length).toBe(2);
  answers.push(get(site.port));
  await expect.poll(async () => (await site.status()).waiting).toBe(1);
  expect((await site.status()).servers[0]).toMatchObject({ state: 'full', active: 2 });
  expect(await get(site.port)).toMatch(/^HTTP\/1\.1 503 /);
  // The one that waits goes when another has ended.
  held[0]?.end('first');
  await expect.poll(() => held.length).toBe(3);
  for (const response of held) response.end('later');
  expect((await Promise.all(answers)).map(bodyOf)).toEqual(['first', 'later', 'later']);
});

test('queue: who has waited for too long is answered 503, and a reload lets nobody of it down', async () => {
  await using one = await Behind.start('one');
  const held: ServerResponse[] = [];
  one.behave = (_, response) => void held.push(response);
  await using site = await balance(
    `{ servers: [{ id: '${one.url}', maxConnections: 1 }], queue: { timeoutMs: 10_000 } }`,
  );
  const first = get(site.port);
  await expect.poll(() => held.length).toBe(1);
  expect(await get(site.port)).toMatch(/^HTTP\/1\.1 503 /);
  const waiting = get(site.port);
  await expect.poll(async () => (await site.status()).waiting).toBe(1);
  const reloading = site.site.ctl('reload');
  await site.program.until(/is ready[^\n]*generation=2/);
  held[0]?.end('first');
  await expect.poll(() => held.length).toBe(2);
  held[1]?.end('second');
  expect(bodyOf(await first)).toBe('first');
  expect(bodyOf(await waiting)).toBe('second');
  await reloading;
});

test('an answer that takes its time outlives a reload', async () => {
  await using one = await Behind.start('one');
  await using site = await balance(`{ servers: ['${one.url}'] }`);
  one.behave = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: first\n\n');
    request.on('close', () => undefined);
    one.behave = (_, later) => {
      response.end('data: last\n\n');
      later.end('told');
    };
  };
  const client = await RawClient.connect(site.port);
  client.send('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('data: first');
  const reloading = site.site.ctl('reload');
  await site.program.until(/is ready[^\n]*generation=2/);
  expect(bodyOf(await get(site.port))).toBe('told');
  await client.until('data: last');
  client.destroy();
  await reloading;
});
