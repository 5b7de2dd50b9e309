import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import { errorPage, errorPages, type ErrorPagesOptions } from '../src/index.ts';
import { answering, BROWSER, piecewise } from './support.ts';

/** One answer of an application behind the middleware, over a real connection, with a validator on either side. */
async function ask(
  app: Application,
  method = 'GET',
  options: ErrorPagesOptions = {},
): Promise<{ text: string; errors: unknown[] }> {
  const errors: unknown[] = [];
  const note = (message: string, details: object = {}): void => void errors.push({ message, ...details });
  const silent = (): void => undefined;
  const worker = createWorker(validate(errorPages(options)(validate(app))), {
    log: { error: note, warn: note, info: silent, debug: silent },
  });
  const { port } = await worker.listen({ port: 0 });
  const head = [`${method} / HTTP/1.1`, 'Host: a', `Accept: ${BROWSER}`, 'Connection: close'];
  const text = await exchange(port, `${head.join('\r\n')}\r\n\r\n`);
  await worker.close();
  return { text, errors };
}

const DESIGNED = errorPage(404, BROWSER).body;

test.each<[string, () => Application]>([
  ['without a body', () => answering('404 Not Found', [], [])],
  [
    'with the status line',
    () => answering('404 Not Found', [['Content-Type', 'text/plain']], ['404 Not Found\n']),
  ],
  [
    'of a body without pieces',
    () => answering('404 Not Found', [['Content-Type', 'text/plain']], piecewise()),
  ],
])('an error %s is sent as a page with its length, by the protocol', async (_, app) => {
  const { text, errors } = await ask(app());
  expect(text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  expect(text).toContain(`\r\nContent-Length: ${Buffer.byteLength(DESIGNED)}\r\n`);
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(DESIGNED);
  expect(errors).toEqual([]);
});

test('HEAD has the length, and nothing behind the head', async () => {
  const { text, errors } = await ask(answering('404 Not Found', [], []), 'HEAD');
  expect(text).toContain(`\r\nContent-Length: ${Buffer.byteLength(DESIGNED)}\r\n`);
  expect(text).toMatch(/\r\n\r\n$/);
  expect(errors).toEqual([]);
});

test('an answer with a body of its own goes through, whole or in pieces', async () => {
  for (const body of [['own words'], piecewise('own ', 'words')]) {
    const { text, errors } = await ask(answering('404 Not Found', [['Content-Type', 'text/plain']], body));
    expect(text).toMatch(/own/);
    expect(text).not.toContain('<!doctype');
    expect(errors).toEqual([]);
  }
});
