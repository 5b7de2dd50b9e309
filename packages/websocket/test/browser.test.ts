import type { Application } from '@highball/gateway-protocol';
import { CHROMIUM_FLAGS, findPeer, missingPeers } from '@highball/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webSocket, type WebSocketOptions } from '../src/index.ts';
import { serve, type TestServer } from './support.ts';

const missing = missingPeers('chromium');

describe.skipIf(missing !== undefined)(
  `a page in Chromium${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: findPeer('chromium') ?? '',
        args: [...CHROMIUM_FLAGS],
      });
    });

    afterAll(() => browser.close());

    /** A site of one page, with a WebSocket at `/live`. */
    function site(options: WebSocketOptions = {}): Application {
      const live = webSocket(async (connection) => {
        for await (const message of connection) await connection.send(message);
      }, options);
      return (environ, startResponse) => {
        if (environ.PATH_INFO === '/live') return live(environ, startResponse);
        startResponse('200 OK', [['Content-Type', 'text/html']]);
        return ['<!doctype html><title>page</title>'];
      };
    }

    async function visit(server: TestServer): Promise<Page> {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.port}/`);
      return page;
    }

    /** What becomes of a WebSocket of the page: how it was opened, what it was answered, how it was closed. */
    function talk(page: Page, address: string, messages: string[]): Promise<unknown> {
      // Sent as text: the page's own globals are none of this program's.
      return page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket(${JSON.stringify(address)}, ['v2', 'v1']);
      const messages = ${JSON.stringify(messages)};
      const answers = [];
      let opened = '';
      socket.onopen = () => {
        opened = socket.protocol + '|' + socket.extensions;
        for (const message of messages) socket.send(message);
      };
      socket.onmessage = ({ data }) => {
        if (answers.push(data) === messages.length) socket.close(4000, 'done');
      };
      socket.onclose = ({ code, reason, wasClean }) => resolve({ opened, answers, code, reason, wasClean });
    })`);
    }

    test('talks over a WebSocket of its own site', async () => {
      await using server = await serve(site({ subprotocols: ['v1'] }));
      const page = await visit(server);
      expect(
        await talk(page, `ws://127.0.0.1:${server.port}/live`, ['one', 'zwölf', 'x'.repeat(200_000)]),
      ).toEqual({
        opened: 'v1|',
        answers: ['one', 'zwölf', 'x'.repeat(200_000)],
        code: 4000,
        reason: 'done',
        wasClean: true,
      });
      await page.close();
    });

    test('talks compressed where that is switched on', async () => {
      await using server = await serve(site({ subprotocols: ['v2'], deflate: true }));
      const page = await visit(server);
      const outcome = await talk(page, `ws://127.0.0.1:${server.port}/live`, ['x'.repeat(500_000)]);
      expect(outcome).toMatchObject({
        opened: expect.stringMatching(/^v2\|permessage-deflate/) as string,
        answers: ['x'.repeat(500_000)],
      });
      await page.close();
    });

    test('of another site is refused, and let in where its origin is allowed', async () => {
      await using foreign = await serve(site());
      const page = await visit(foreign);
      await using closed = await serve(site());
      expect(await talk(page, `ws://127.0.0.1:${closed.port}/live`, ['x'])).toMatchObject({
        answers: [],
        code: 1006,
      });
      const allowedOrigins = [`http://127.0.0.1:${foreign.port}`];
      await using open = await serve(site({ allowedOrigins, subprotocols: ['v1'] }));
      expect(await talk(page, `ws://127.0.0.1:${open.port}/live`, ['x'])).toMatchObject({ answers: ['x'] });
      await page.close();
    });

    test('hears that the server goes away', async () => {
      await using server = await serve(site({ subprotocols: ['v1'] }));
      const page = await visit(server);
      const waiting = page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${server.port}/live', 'v1');
      socket.onopen = () => (document.title = 'open');
      socket.onclose = ({ code, reason }) => resolve({ code, reason });
    })`);
      await page.waitForFunction(`document.title === 'open'`);
      const drained = server.worker.drain();
      expect(await waiting).toEqual({ code: 1001, reason: 'the server is going away' });
      await page.close();
      await drained;
    });
  },
);
