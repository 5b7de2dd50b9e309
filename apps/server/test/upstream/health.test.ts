import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { balance, Behind, bodyOf, get } from './support.ts';

test('passive: a server that fails is left out, and is back when its time is over', async () => {
  await using good = await Behind.start('good');
  await using bad = await Behind.start('bad');
  await using site = await balance(
    `{ servers: ['${good.url}', '${bad.url}'], health: { maxFails: 2, failTimeoutMs: 5000 } }`,
  );
  expect(new Set(await site.ask(4))).toEqual(new Set(['good', 'bad']));
  await bad.stop();
  // What fails there is tried elsewhere: no client sees it.
  expect(await site.ask(8)).toEqual(Array.from({ length: 8 }, () => 'good'));
  await expect
    .poll(async () => (await site.status()).servers[1])
    .toMatchObject({
      id: bad.url,
      state: 'failed',
      why: '2 failures of late',
      failures: 2,
    });
  await bad.restart();
  await expect.poll(() => site.ask(2)).toContain('bad');
  await expect.poll(async () => (await site.status()).servers[1]).toMatchObject({ state: 'up', why: null });
});

test('active: a server that is ill is taken out before a client meets it, and brought back', async () => {
  await using good = await Behind.start('good');
  await using ill = await Behind.start('ill');
  const check = "{ path: '/health', intervalMs: 100, rise: 2, fall: 2, jitter: 0 }";
  await using site = await balance(
    `{ servers: ['${good.url}', '${ill.url}'], health: { panicThreshold: 0, check: ${check} } }`,
  );
  expect(ill.asked).toContain('/health');
  expect(new Set(await site.ask(4))).toEqual(new Set(['good', 'ill']));
  // It still answers clients, and would answer them wrongly.
  ill.behave = ({ url }, response) => void response.writeHead(url === '/health' ? 500 : 200).end('ill');
  await site.program.until(/is down: it answered 500/);
  expect(await site.ask(6)).toEqual(Array.from({ length: 6 }, () => 'good'));
  await expect
    .poll(async () => (await site.status()).servers[1])
    .toMatchObject({
      state: 'down',
      why: 'it answered 500',
      failures: 0,
    });
  expect(await site.site.ctl('status')).toContain(`${ill.url}: down: it answered 500`);
  ill.behave = undefined;
  await site.program.until(/is up/);
  expect(new Set(await site.ask(4))).toEqual(new Set(['good', 'ill']));
});

test('active: a server that is not there when the worker starts gets no request, not one', async () => {
  await using good = await Behind.start('good');
  await using gone = await Behind.start('gone');
  await gone.stop();
  await using site = await balance(
    `{ servers: ['${gone.url}', '${good.url}'], health: { maxFails: 0, panicThreshold: 0, check: { intervalMs: 60_000 } } }`,
  );
  await expect
    .poll(async () => (await site.status()).servers[0])
    .toMatchObject({ state: 'down', failures: 0 });
  expect(await site.ask(3)).toEqual(['good', 'good', 'good']);
  expect((await site.status()).servers[0]).toMatchObject({ failures: 0 });
});

test('active: checks end when the worker is told to finish, and its requests do not', async () => {
  await using one = await Behind.start('one');
  const held: ServerResponse[] = [];
  one.behave = ({ url }, response) => void (url === '/health' ? response.end() : held.push(response));
  await using site = await balance(
    `{ servers: ['${one.url}'], health: { check: { path: '/health', intervalMs: 20, jitter: 0 } } }`,
  );
  const answer = get(site.port);
  await expect.poll(() => held.length).toBe(1);
  const checks = (): number => one.asked.filter((url) => url === '/health').length;
  const before = checks();
  await expect.poll(checks).toBeGreaterThan(before + 2);
  site.program.signal('SIGTERM');
  await site.program.until(/finishing the requests/);
  // What is under way when the worker hears of it may still come.
  let last = -1;
  await expect.poll(() => last === (last = checks()), { interval: 300 }).toBe(true);
  expect(held).toHaveLength(1);
  held[0]?.end('whole');
  expect(bodyOf(await answer)).toBe('whole');
  expect(await site.program.exited).toBe(0);
});

test('backups serve while all others are down', async () => {
  await using first = await Behind.start('first');
  await using second = await Behind.start('second');
  await using site = await balance(
    `{ servers: ['${first.url}', { id: '${second.url}', backup: true }], health: { check: { intervalMs: 100, fall: 1, rise: 1 } } }`,
  );
  expect(await site.ask(3)).toEqual(['first', 'first', 'first']);
  await first.stop();
  expect(await site.ask(3)).toEqual(['second', 'second', 'second']);
  await site.program.until(/is down/);
  await first.restart();
  await site.program.until(/is up/);
  expect(await site.ask(3)).toEqual(['first', 'first', 'first']);
  expect((await site.status()).servers[1]).toMatchObject({ backup: true });
});

test('outliers: a server that fails again and again is ejected', async () => {
  await using good = await Behind.start('good');
  await using bad = await Behind.start('bad');
  bad.behave = ({ socket }) => socket.destroy();
  await using site = await balance(
    `{ servers: ['${good.url}', '${bad.url}'], health: { maxFails: 0, panicThreshold: 0 },
       outliers: { consecutiveFailures: 3, ejectionMs: 60_000 } }`,
  );
  expect(await site.ask(12)).toEqual(Array.from({ length: 12 }, () => 'good'));
  expect(bad.asked).toHaveLength(3);
  await expect
    .poll(async () => (await site.status()).servers[1])
    .toMatchObject({ state: 'ejected', failures: 3 });
});

test('circuit: too many failures, and requests are refused at once', async () => {
  await using bad = await Behind.start('bad');
  bad.behave = ({ socket }) => socket.destroy();
  await using site = await balance(
    `{ servers: ['${bad.url}'], circuit: { minRequests: 4, failureShare: 0.5, openMs: 60_000 } }`,
  );
  await site.ask(4);
  const before = bad.asked.length;
  expect(await get(site.port)).toMatch(/^HTTP\/1\.1 503 /);
  expect(bad.asked).toHaveLength(before);
  await expect.poll(async () => (await site.status()).circuit).toBe('open');
});

test('slow start: a server that is back begins with a small share', async () => {
  await using old = await Behind.start('old');
  await using fresh = await Behind.start('fresh');
  await using site = await balance(
    `{ servers: ['${old.url}', '${fresh.url}'], slowStartMs: 600_000,
       health: { check: { intervalMs: 100, fall: 1, rise: 1, jitter: 0 } } }`,
  );
  await fresh.stop();
  await site.program.until(/is down/);
  await fresh.restart();
  await site.program.until(/is up/);
  const answers = await site.ask(44);
  // A tenth of the weight of the other, and not the half.
  expect(answers.filter((name) => name === 'fresh').length).toBeLessThan(9);
  expect(answers).toContain('fresh');
});
