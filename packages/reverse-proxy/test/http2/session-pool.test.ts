import http2, { type ClientHttp2Session } from 'node:http2';
import { exchange } from '@highball/testkit';
import { expect, test, vi } from 'vitest';
import type { UpstreamError } from '../../src/errors.ts';
import { SessionPool } from '../../src/http2/session-pool.ts';
import { resolveOptions } from '../../src/options.ts';
import { parseUpstream } from '../../src/upstream.ts';
import { get, startProxy } from '../support.ts';
import { startHttp2 } from './support.ts';

test('a connection that cannot even be begun fails each request that waits for it', async () => {
  const url = 'h2c://127.0.0.1:1';
  const resolved = resolveOptions({
    picker: { pick: () => ({ id: url }), release: () => undefined },
  });
  const options = {
    ...resolved,
    connect: () => {
      throw new Error('no socket');
    },
  };
  const pool = new SessionPool(parseUpstream(url), url, options);
  const errors: UpstreamError[] = [];
  const opening = { onOpen: () => undefined, onFailed: (error: UpstreamError) => void errors.push(error) };
  pool.open({ fresh: false, maxIdleMs: Infinity }, opening);
  pool.open({ fresh: false, maxIdleMs: Infinity }, opening);
  await Promise.resolve();
  expect(errors.map(({ code }) => code)).toEqual(['CONNECT_FAILED', 'CONNECT_FAILED']);
  expect(errors[0]?.message).toContain('no socket');
});

/** What the types do not have. */
type NumberedSession = ClientHttp2Session & { setNextStreamID(id: number): void };

test('a connection that has no numbers left for streams is followed by another', async () => {
  const connect = vi.spyOn(http2, 'connect');
  await using upstream = await startHttp2((stream) =>
    stream.respond({ ':status': 200 }, { endStream: true }),
  );
  await using proxy = await startProxy([upstream.url]);
  expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 200 /);
  const [session] = connect.mock.results.map(({ value }) => value as NumberedSession);
  session?.setNextStreamID(2 ** 31 - 1);
  for (let i = 0; i < 8; i++) expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 200 /);
  expect(upstream.sessions).toHaveLength(2);
  connect.mockRestore();
});
