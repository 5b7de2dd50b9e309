import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { ok, startProxy, startUpstream, type Upstream } from './support.ts';

const END = '\r\n\r\n';

/** Answers each request a little later, so that some are always under way. */
const start = (name: string): Promise<Upstream> =>
  startUpstream((socket, received) => {
    if (received.endsWith(END)) setTimeout(() => socket.write(ok(name)), 2);
  });

test('a server that is killed under load costs no idempotent request', async () => {
  await using steady = await start('steady');
  const victim = await start('victim');
  await using proxy = await startProxy([victim.url, steady.url]);
  const answers: string[] = [];
  let killed: PromiseLike<void> | undefined;
  const ask = async (): Promise<void> => {
    const client = await RawClient.connect(proxy.port);
    for (let i = 1; i <= 60; i++) {
      client.send(`GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const text = await client.until(/\r\n\r\n(?:steady|victim|50\d [^\n]*\n)$/);
      answers.push(text.slice(0, 12) + text.slice(-6));
      client.received = '';
      // With half of the requests under way, all its connections break, and it does not listen any more.
      if (answers.length === 200) killed = victim[Symbol.asyncDispose]();
    }
    client.destroy();
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  await killed;
  expect(answers).toHaveLength(480);
  expect(answers.filter((answer) => !answer.startsWith('HTTP/1.1 200'))).toEqual([]);
  expect(new Set(answers).size).toBe(2);
  expect(answers.slice(300).every((answer) => answer.endsWith('steady'))).toBe(true);
});
