import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installLightweightTypes } from '../src/index.ts';
import { lightParts } from '../src/light-response.ts';

const Native = globalThis.Response;
let uninstall: () => void;
beforeAll(() => {
  uninstall = installLightweightTypes();
});
afterAll(() => uninstall());

/** All that can be seen of a response, or the name of the error that making it threw. */
async function seen(make: () => Response): Promise<unknown> {
  let response: Response;
  try {
    response = make();
  } catch (error) {
    return (error as Error).name;
  }
  const { status, statusText, ok, type, url, redirected, bodyUsed } = response;
  const headers = [...response.headers];
  const hasBody = response.body !== null;
  const text = await response.text();
  const after = response.bodyUsed;
  return { status, statusText, ok, type, url, redirected, bodyUsed, headers, hasBody, text, after };
}

describe('a light response', () => {
  const body = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.string({ unit: 'binary' }),
    fc.constant('lone \ud800 surrogate'),
    fc.uint8Array({ maxLength: 9 }),
    fc.constant(new URLSearchParams('a=b')),
    fc.constant({ toString: () => 'object' }),
  );
  const name = fc.constantFrom(
    'X-A',
    'x-a',
    'Content-Type',
    'content-length',
    'Set-Cookie',
    'bad name',
    '',
    'é',
  );
  const value = fc.oneof(
    fc.constantFrom('v', ' v ', 'a\r\nb', '\0', 'é', '€', ''),
    fc.string({ maxLength: 5 }),
  );
  const headers = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.dictionary(name, value, { maxKeys: 3 }),
    fc.array(fc.tuple(name, value), { maxLength: 3 }),
    fc.constant(new Headers([['Set-Cookie', 'a'], ['Set-Cookie', 'b']])), // prettier-ignore
  );
  const init = fc.oneof(
    fc.constant(undefined),
    fc.record(
      {
        status: fc.constantFrom(
          200,
          204,
          304,
          404,
          599,
          600,
          101,
          0,
          200.5,
          '201',
          Number.NaN,
          null,
          undefined,
        ),
        statusText: fc.constantFrom('', 'Fine', 'a\nb', 'é', undefined),
        headers,
      },
      { requiredKeys: [] },
    ),
    fc.constantFrom(null, 'text', 7),
  );

  test('is what a native one is, errors too, whatever it is made of', async () => {
    await fc.assert(
      fc.asyncProperty(body, init, async (given, options) => {
        const make = (type: typeof Response) => (): Response => new type(given as never, options as never);
        expect(await seen(make(Response))).toEqual(await seen(make(Native)));
      }),
      { numRuns: 3000 },
    );
  });

  test('Response.json is what the native one is', async () => {
    for (const data of [{ a: 1 }, 'x', null, [], undefined, 1n, Number.NaN]) {
      for (const options of [undefined, { status: 201 }, { headers: { 'Content-Type': 'a/b' } }, null]) {
        const make = (type: typeof Response) => (): Response => type.json(data, options as never);
        expect(await seen(make(Response))).toEqual(await seen(make(Native)));
      }
    }
  });

  test('changed fields, and those that are left out, are what is sent', () => {
    const response = new Response('x', { headers: { 'X-A': '1', Connection: 'keep-alive' } });
    expect(lightParts(response)?.headers).not.toContainEqual(['connection', 'keep-alive']);
    response.headers.append('X-A', '2');
    expect(lightParts(response)?.headers).toContainEqual(['x-a', '1, 2']);
    expect(response.clone().headers.get('x-a')).toBe('1, 2');
  });

  test('once its body was touched, it is as any other', async () => {
    const response = new Response('x');
    expect(lightParts(response)).toBeDefined();
    const clone = response.clone();
    expect(lightParts(response)).toBeUndefined();
    expect([await response.text(), await clone.text()]).toEqual(['x', 'x']);
  });

  test('is an instance, may be a part of a native one, and may be subclassed', async () => {
    class Mine extends Response {}
    const response = new Response('x', { status: 201, headers: { 'X-A': '1' } });
    expect(response).toBeInstanceOf(Response);
    expect(response).toBeInstanceOf(Native);
    const wrapped = new Response(response.body, response);
    expect([wrapped.status, wrapped.headers.get('x-a'), await wrapped.text()]).toEqual([201, '1', 'x']);
    expect(new Mine('y')).toBeInstanceOf(Mine);
    expect(await new Mine('y').text()).toBe('y');
    expect(Response.error().type).toBe('error');
    expect(Response.redirect('http://h/', 302).status).toBe(302);
  });
});
