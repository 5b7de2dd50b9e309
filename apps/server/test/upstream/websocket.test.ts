import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { balance, Behind } from './support.ts';

test('a server that refuses a WebSocket has answered: no failure of it, and the connection goes on', async () => {
  await using one = await Behind.start('one');
  await using site = await balance(`{ servers: ['${one.url}'] }`);
  const client = await RawClient.connect(site.port);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  client.send(`GET /ws HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
  await client.until(/^HTTP\/1\.1 200 [^]*one$/);
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(/one[^]*one$/);
  client.destroy();
  expect(one.asked).toEqual(['/ws', '/next']);
  expect((await site.status()).servers[0]).toMatchObject({ failures: 0 });
});
