import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import { startProxy } from '../support.ts';
import { startHttp2 } from './support.ts';

test('fields that are named like what every object has arrive as they were sent', async () => {
  await using upstream = await startHttp2((stream) =>
    stream.respond({ ':status': 200 }, { endStream: true }),
  );
  await using proxy = await startProxy([upstream.url]);
  const fields = 'constructor: a\r\ntoString: b\r\nvalueOf: c\r\n';
  const answer = await exchange(
    proxy.port,
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  const { constructor, tostring, valueof } = upstream.heads[0] as Record<string, unknown>;
  expect([constructor, tostring, valueof]).toEqual(['a', 'b', 'c']);
});

test.each([
  ['a single value twice fails its request alone', 'ETag: "a"\r\nETag: "b"', /^HTTP\/1\.1 502 /],
  ['a field of one hop is left out', 'HTTP2-Settings: x', /^HTTP\/1\.1 200 /],
])('trailers that node:http2 does not send: %s', async (_, trailers, answer) => {
  await using upstream = await startHttp2((stream) => {
    stream.resume();
    stream.on('end', () => {
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  await using proxy = await startProxy([upstream.url]);
  const start =
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n';
  expect(await exchange(proxy.port, `${start}${trailers}\r\n\r\n`)).toMatch(answer);
  expect(await exchange(proxy.port, `${start}X-Sum: 1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(upstream.sessions).toHaveLength(1);
});
