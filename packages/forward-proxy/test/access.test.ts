import { exchange } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../src/index.ts';
import { answering, connect, get, ok, startProxy, statusOf } from './support.ts';

describe('who may use it', () => {
  test('nobody without a password, who is asked for it; and it goes no further', async () => {
    await using origin = await answering(ok('x'));
    const users = { me: await hashPassword('pw', 4) };
    await using proxy = await startProxy({ users, realm: 'way out' });
    const url = `http://127.0.0.1:${origin.port}/`;
    const authorization = (text: string): string =>
      `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`;
    const denied = await exchange(proxy.port, get(url));
    expect(denied).toMatch(/^HTTP\/1\.1 407 /);
    expect(denied).toMatch(/Cache-Control: no-store\r\n/);
    expect(denied).toMatch(/Proxy-Authenticate: Basic realm="way out", charset="UTF-8"\r\n/);
    expect(statusOf(await exchange(proxy.port, get(url, authorization('me:no'))))).toBe(407);
    expect(statusOf(await exchange(proxy.port, connect(`127.0.0.1:${origin.port}`)))).toBe(407);
    expect(statusOf(await exchange(proxy.port, get(url, `Authorization: Basic ${btoa('me:pw')}\r\n`)))).toBe(
      407,
    );
    expect(origin.received).toEqual([]);
    expect(statusOf(await exchange(proxy.port, get(url, authorization('me:pw'))))).toBe(200);
    expect(origin.received[0]).not.toContain('Proxy-Authorization');
    expect(proxy.records.at(-1)).toMatchObject({ user: 'me', status: 200 });
    expect(proxy.records[0]).toMatchObject({
      user: '',
      status: 407,
      error: 'AUTHENTICATION_REQUIRED',
      host: '',
    });
  });

  test('who is not known learns nothing of the rules', async () => {
    await using proxy = await startProxy({ users: () => false, allow: [] });
    for (const target of ['http://10.0.0.1/', 'https://x/', 'http://127.1/']) {
      expect(statusOf(await exchange(proxy.port, get(target)))).toBe(407);
    }
  });

  test('a verifier that fails lets nobody in', async () => {
    await using proxy = await startProxy({
      users: () => {
        throw new Error('database down');
      },
    });
    const field = `Proxy-Authorization: Basic ${btoa('a:b')}\r\n`;
    expect(statusOf(await exchange(proxy.port, get('http://127.0.0.1:1/', field)))).toBe(500);
    expect(proxy.records).toMatchObject([{ status: 500 }]);
  });
});

describe('where it goes', () => {
  test.each([
    ['a name that is not listed', 'evil.test', 'NOT_ALLOWED'],
    ['a port that is not listed', 'listed.test:22', 'NOT_ALLOWED'],
    ['a listed name at a private address', 'listed.test:80', 'ADDRESS_PROHIBITED'],
    ['a private address', '192.168.0.1', 'NOT_ALLOWED'],
  ])('not to %s', async (_, authority, error) => {
    const asked: string[] = [];
    await using proxy = await startProxy({
      allow: ['listed.test'],
      resolve: async (host) => (asked.push(host), ['10.0.0.1', '::ffff:127.0.0.1']),
      connect: () => {
        throw new Error('connected');
      },
    });
    const answer = await exchange(proxy.port, get(`http://${authority}/`));
    expect(statusOf(answer)).toBe(403);
    expect(answer).not.toMatch(/10\.0\.0\.1|127\.0\.0\.1/);
    expect(proxy.records).toMatchObject([{ error, status: 403, address: '' }]);
    expect(asked).toEqual(error === 'ADDRESS_PROHIBITED' ? ['listed.test'] : []);
  });

  test.each(['127.0.0.1', '169.254.169.254', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]', 'localhost'])(
    'not to %s, though everything is allowed',
    async (host) => {
      await using proxy = await startProxy({ allow: ['*:*'] });
      expect(statusOf(await exchange(proxy.port, get(`http://${host}:9/`)))).toBe(403);
      expect(statusOf(await exchange(proxy.port, connect(`${host}:9`)))).toBe(403);
      expect(proxy.records).toMatchObject([{ error: 'ADDRESS_PROHIBITED' }, { error: 'ADDRESS_PROHIBITED' }]);
    },
  );

  test.each(['2130706433', '0x7f.1', '127.1', '0177.0.0.1'])(
    'not to %s, which is an address in disguise',
    async (host) => {
      await using proxy = await startProxy({ allow: ['*:*', '127.0.0.0/8:*'] });
      expect(statusOf(await exchange(proxy.port, get(`http://${host}/`)))).toBe(400);
      expect(statusOf(await exchange(proxy.port, connect(`${host}:443`)))).toBe(400);
    },
  );

  test('to the address that was judged: DNS is asked once and has no second say', async () => {
    await using origin = await answering(ok('judged'));
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    await using proxy = await startProxy({
      allow: ['*:*', '127.0.0.1:*'],
      resolve: async () => answers.shift() ?? [],
    });
    expect(await exchange(proxy.port, get(`http://rebound.test:${origin.port}/`))).toMatch(/judged$/);
    expect(answers).toHaveLength(1);
    expect(origin.received[0]).toContain(`Host: rebound.test:${origin.port}\r\n`);
    expect(statusOf(await exchange(proxy.port, get(`http://rebound.test:${origin.port}/`)))).toBe(403);
  });

  test('to the next address of a name when the first does not answer', async () => {
    await using origin = await answering(ok('second'));
    await using proxy = await startProxy({
      allow: ['127.0.0.0/8:*'],
      resolve: async () => ['127.0.0.9', '127.0.0.1'],
    });
    expect(await exchange(proxy.port, get(`http://two.test:${origin.port}/`))).toMatch(/second$/);
    expect(proxy.records).toMatchObject([{ address: '127.0.0.1' }]);
  });
});
