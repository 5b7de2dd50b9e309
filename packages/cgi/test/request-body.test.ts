import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { requestBody } from '../src/request-body.ts';

async function* input(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index + 1);
}

const chunked = (...sizes: number[]): Environ =>
  ({ HTTP_TRANSFER_ENCODING: 'chunked', 'wsgi.input': input(...sizes) }) as unknown as Environ;

describe('requestBody', () => {
  test('a body of known length is passed on as it comes', async () => {
    const stream = input(3);
    const body = await requestBody({ CONTENT_LENGTH: '3', 'wsgi.input': stream } as unknown as Environ, 0);
    expect(body).toEqual({ length: 3, pieces: stream });
  });

  test('without length and coding there is none', async () => {
    expect(await requestBody({ 'wsgi.input': input(3) } as unknown as Environ, 9)).toBeUndefined();
    expect(
      await requestBody({ CONTENT_LENGTH: '', 'wsgi.input': input(3) } as unknown as Environ, 9),
    ).toBeUndefined();
  });

  test('one that comes in chunks is kept whole, however it grows', async () => {
    const sizes = [5000, 5000, 1, 40_000, 0, 9];
    const body = await requestBody(chunked(...sizes), 1_000_000);
    const expected = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index + 1)));
    expect(body?.length).toBe(expected.length);
    expect(Buffer.concat([...((body?.pieces ?? []) as Iterable<Uint8Array>)]).equals(expected)).toBe(true);
  });

  test('up to the limit, and not a byte more', async () => {
    expect((await requestBody(chunked(6, 4), 10))?.length).toBe(10);
    await expect(requestBody(chunked(6, 5), 10)).rejects.toMatchObject({ code: 'LENGTH_REQUIRED' });
    await expect(requestBody(chunked(1), 0)).rejects.toMatchObject({ code: 'LENGTH_REQUIRED' });
  });

  test.each(['-1', '1e3', 'x', '1,1', '9999999999999999'])(
    'a Content-Length of %j is refused',
    async (length) => {
      const environ = { CONTENT_LENGTH: length, 'wsgi.input': input() } as unknown as Environ;
      await expect(requestBody(environ, 9)).rejects.toMatchObject({ code: 'BAD_VARIABLE' });
    },
  );
});
