import { highballBin, Program, RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Site } from '../started.ts';

/** Takes all descriptors that there are, and gives them back. */
const HOARDER = `import { closeSync, openSync } from 'node:fs';
const held = [];
let timer;
const take = () => {
  try {
    for (;;) held.push(openSync('/dev/null'));
  } catch {}
};
export const app = ({ PATH_INFO }, startResponse) => {
  if (PATH_INFO === '/take') timer = setInterval(take, 5);
  if (PATH_INFO === '/give') {
    clearInterval(timer);
    for (const fd of held.splice(0)) closeSync(fd);
  }
  startResponse('200 OK', []);
  return ['pid ' + process.pid + ' holds ' + held.length];
};`;

test('a worker without a free descriptor stays, and serves on when there are some', async () => {
  await using site = await Site.make({ 'app.mjs': HOARDER });
  const command = `exec ${process.execPath} ${highballBin} serve app.mjs -b 127.0.0.1:0 --timeout 10 --keep-alive 60 --control-socket control`;
  await using program = new Program('/bin/sh', ['-c', `ulimit -n 80; ${command}`], { cwd: site.path });
  const port = Number((await program.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
  const client = await RawClient.connect(port);
  client.send('GET /take HTTP/1.1\r\nHost: a\r\n\r\n');
  const [, pid] = /pid (\d+) holds/.exec(await client.until('holds')) ?? [];
  // Over two beats and reports, which tell how it is.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  client.send('GET /give HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(`pid ${pid} holds 0`);
  client.destroy();
  const after = await RawClient.connect(port);
  after.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await after.until(`pid ${pid} holds 0`);
  after.destroy();
  expect(program.stderr).toBe('');
});
