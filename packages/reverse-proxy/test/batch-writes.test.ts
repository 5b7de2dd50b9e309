import { turn } from '@highball/direct-writes';
import { exchange } from '@highball/testkit';
import { expect, test, vi } from 'vitest';
import { echo, get, headEnd, ok, post, startProxy, startUpstream } from './support.ts';

test.each([true, false])('%s: whether requests wait for the end of the turn', async (batchWrites) => {
  const add = vi.spyOn(turn, 'add');
  await using upstream = await startUpstream((socket, received) => {
    if (received.includes(headEnd)) socket.write(ok('x'));
  });
  await using proxy = await startProxy([upstream.url], { batchWrites });
  for (let i = 0; i < 2; i++) expect(await exchange(proxy.port, get('/'))).toMatch(/200[\s\S]*x$/);
  // The second goes over the connection that is open.
  expect(add.mock.calls.length > 0).toBe(batchWrites);
  add.mockRestore();
});

test('a body stays behind its head, with a length and without', async () => {
  await using upstream = await echo('done');
  await using proxy = await startProxy([upstream.url], { batchWrites: true });
  for (const body of ['a', 'b'.repeat(20_000)]) {
    expect(await exchange(proxy.port, post(body))).toMatch(/done$/);
    const sent = upstream.received.join('');
    expect(sent.slice(sent.lastIndexOf(headEnd) + 4)).toBe(body);
  }
  const chunked = post('').replace(/Content-Length: 0\r\n/i, 'Transfer-Encoding: chunked\r\n');
  expect(await exchange(proxy.port, `${chunked}3\r\nabc\r\n0\r\n\r\n`)).toMatch(/done$/);
  expect(upstream.received.join('')).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
});

test('many requests at once over kept connections: each gets its own answer', async () => {
  await using upstream = await startUpstream((socket, received) => {
    // All that the connection has brought so far: the last request is the one to answer.
    const path = [...received.matchAll(/GET (\S+) /g)].at(-1)?.[1];
    if (received.endsWith(headEnd)) socket.write(ok(`<${path}>`));
  });
  await using proxy = await startProxy([upstream.url], { batchWrites: true });
  for (let round = 0; round < 3; round++) {
    const paths = Array.from({ length: 50 }, (_, i) => `/${round}-${i}`);
    const answers = await Promise.all(paths.map((path) => exchange(proxy.port, get(path))));
    expect(answers.map((answer) => /<(.*)>$/.exec(answer)?.[1])).toEqual(paths);
  }
});
