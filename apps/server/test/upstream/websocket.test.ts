import { join } from 'node:path';
import { highball } from '@highball/testkit';
import { expect, test } from 'vitest';
import { balance, Behind, bodyOf, get } from './support.ts';

const ECHO = join(import.meta.dirname, '..', 'fixtures', 'frameworks', 'asgi.ts');

/** A client that tells what it hears, one message after the other. */
class Talker implements Disposable {
  readonly socket: WebSocket;
  readonly heard: string[] = [];
  readonly opened: Promise<void>;
  closed: readonly [code: number, reason: string] | undefined;

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    this.opened = new Promise((resolve) => this.socket.addEventListener('open', () => resolve()));
    this.socket.addEventListener('message', ({ data }) => this.heard.push(String(data)));
    this.socket.addEventListener('close', ({ code, reason }) => (this.closed = [code, reason]));
  }

  async say(text: string): Promise<string | undefined> {
    const before = this.heard.length;
    this.socket.send(text);
    await expect.poll(() => this.heard.length).toBe(before + 1);
    return this.heard.at(-1);
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

test('a WebSocket goes through to the server behind, and outlives a reload', async () => {
  await using echo = highball(['serve', ECHO, '--bind', '127.0.0.1:0', '--workers', '1']);
  const [, behind] = await echo.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  await using site = await balance(`{ servers: ['http://127.0.0.1:${behind}'] }`);
  using old = new Talker(site.port);
  await old.opened;
  expect(await old.say('chin')).toBe('chin chin');

  const reloading = site.site.ctl('reload');
  await site.program.until(/is ready[^\n]*generation=2/);
  expect(await old.say('still')).toBe('still still');
  using young = new Talker(site.port);
  await young.opened;
  expect(await young.say('new')).toBe('new new');
  expect(await old.say('there')).toBe('there there');

  old.socket.send('stop');
  await expect.poll(() => old.closed).toEqual([4000, 'enough']);
  // With its last connection the worker before goes.
  await reloading;
});

test('a server that refuses a WebSocket is an answer, and the connection goes on', async () => {
  await using one = await Behind.start('one');
  await using site = await balance(`{ servers: ['${one.url}'] }`);
  using refused = new Talker(site.port);
  await expect.poll(() => refused.closed?.[0]).toBe(1006);
  expect(bodyOf(await get(site.port))).toBe('one');
  expect((await site.status()).servers[0]).toMatchObject({ failures: 0 });
});
