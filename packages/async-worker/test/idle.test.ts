import { expect, test } from 'vitest';
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
