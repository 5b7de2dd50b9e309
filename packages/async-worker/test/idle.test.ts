import { RequestParser } from '@highball/http-parser';
import { expect, test, vi } from 'vitest';
import { echoPath, get, serve, until } from './support.ts';

test('500 idle kept-alive connections do not disturb the active ones, and are closed in time', async () => {
  await using server = await serve(echoPath);
  const idle = await Promise.all(Array.from({ length: 500 }, () => server.connect()));
  for (const client of idle) client.send(get('/idle'));
  await Promise.all(idle.map((client) => client.until('/idle')));
  const active = await Promise.all(Array.from({ length: 16 }, () => server.connect()));
  for (let round = 0; round < 20; round++) {
    for (const client of active) {
      client.received = '';
      client.send(get(`/active-${round}`));
    }
    await Promise.all(active.map((client) => client.until(`/active-${round}`)));
  }
  expect(server.worker.stats()).toMatchObject({ connections: 516, active: 0, requests: 820 });
  server.clock.advance(77_000);
  await until(() => idle.every(({ socket }) => socket.readableEnded));
  expect(server.log.entries).toEqual([]);
});

test('a connection that has been idle for a while keeps nothing of its last head', async () => {
  const forget = vi.spyOn(RequestParser.prototype, 'forget');
  await using server = await serve(echoPath);
  const client = await server.connect();
  client.send(get('/1'));
  await client.until('/1');
  server.clock.advance(2000);
  expect(forget).not.toHaveBeenCalled();
  server.clock.advance(2000);
  expect(forget).toHaveBeenCalled();
  client.send(get('/2'));
  await client.until('/2');
  forget.mockRestore();
});
