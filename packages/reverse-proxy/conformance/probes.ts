import { exchange, RawClient } from '@highball/testkit';
import type { HostileUpstream } from './hostile-upstream.ts';

/** What a proxy did, and whether that is right. */
export interface Verdict {
  readonly text: string;
  readonly good: boolean;
}

/** A question to a proxy in front of the hostile upstream. */
export interface Probe {
  readonly name: string;
  ask(port: number, upstream: HostileUpstream): Promise<Verdict>;
}

const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n${fields}\r\n`;
const statusOf = (answer: string): string => /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1] ?? 'none';
const verdict = (good: boolean, text: string): Verdict => ({ good, text });
const yesNo = (good: boolean): Verdict => verdict(good, good ? 'yes' : 'no');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the upstream got. */
const seen = (port: number, fields: string): Promise<string> => exchange(port, get('/head', fields), 3000);

/** Sends and gives what came, and how it ended. */
async function watch(
  port: number,
  request: string,
  waitMs: number,
): Promise<{ text: string; ended: boolean }> {
  const client = await RawClient.connect(port);
  client.send(request);
  const ended = await Promise.race([client.closed.then(() => true), pause(waitMs).then(() => false)]);
  client.destroy();
  return { text: client.received, ended };
}

async function dies(port: number, path: string): Promise<Verdict> {
  const { text, ended } = await watch(port, get(path), 3000);
  if (!ended) return verdict(false, 'hangs');
  const looksWhole =
    /\r\n0\r\n(?:\r\n)?$/.test(text) || (!/content-length: 100|chunked/i.test(text) && text.includes('half'));
  if (looksWhole) return verdict(false, 'ends as if complete');
  return verdict(true, text.includes('half') ? 'aborts' : statusOf(text));
}

/** The questions, in the order of the table. */
export const probes: readonly Probe[] = [
  {
    name: '`Connection: X-Foo` strips X-Foo',
    async ask(port) {
      const request = get('/head', 'X-Foo: 1\r\n').replace('Connection: close', 'Connection: close, X-Foo');
      const text = await exchange(port, request, 3000);
      return yesNo(text.includes('GET /head') && !/x-foo/i.test(text));
    },
  },
  {
    name: 'keeps Proxy-Authorization to itself',
    ask: async (port) =>
      yesNo(!/proxy-authorization/i.test(await seen(port, 'Proxy-Authorization: Basic eDp5\r\n'))),
  },
  {
    name: 'X-Forwarded-For from an untrusted client',
    async ask(port) {
      const text = await seen(port, 'X-Forwarded-For: 6.6.6.6\r\n');
      const values = [...text.matchAll(/^x-forwarded-for: (.*)$/gim)].map(([, value = '']) => value.trim());
      const all = values.join(', ');
      if (!all.includes('6.6.6.6')) return verdict(true, 'replaced');
      return verdict(false, all.includes('127.0.0.1') ? 'appended' : 'passed');
    },
  },
  {
    name: '`%2F` stays as it is',
    ask: async (port) =>
      yesNo((await exchange(port, get('/head/a%2Fb'), 3000)).includes('GET /head/a%2Fb HTTP')),
  },
  {
    name: 'upstream resets → 502',
    async ask(port) {
      const status = statusOf((await watch(port, get('/reset'), 4000)).text);
      return verdict(status === '502', status);
    },
  },
  {
    name: 'upstream hangs → 504',
    async ask(port) {
      const status = statusOf((await watch(port, get('/hang'), 4000)).text);
      return verdict(status === '504', status);
    },
  },
  { name: 'upstream dies in a chunked body', ask: (port) => dies(port, '/dies-chunked') },
  { name: 'upstream dies in a body with a length', ask: (port) => dies(port, '/dies-length') },
  {
    name: '103 Early Hints passed',
    ask: async (port) =>
      yesNo(
        /^HTTP\/1\.1 103 (?:(?!\r\n\r\n)[^])*\r\n\r\nHTTP\/1\.1 200 (?:(?!\r\n\r\n)[^])*\r\n\r\ndone$/.test(
          await exchange(port, get('/hints'), 3000),
        ),
      ),
  },
  {
    name: 'trailers passed',
    ask: async (port) =>
      yesNo(/x-sum: 9/i.test(await exchange(port, get('/trailers', 'TE: trailers\r\n'), 3000))),
  },
  {
    name: 'stale kept-alive connection: GET retried',
    async ask(port) {
      const statuses: string[] = [];
      for (let i = 0; i < 2; i++) statuses.push(statusOf(await exchange(port, get('/stale'), 3000)));
      return yesNo(statuses.every((status) => status === '200'));
    },
  },
  {
    name: 'an answer nobody asked for is never passed on',
    async ask(port) {
      const bodies: string[] = [];
      for (let i = 0; i < 4; i++) bodies.push(await exchange(port, get('/poison'), 3000));
      return yesNo(bodies.every((body) => !body.includes('poison')));
    },
  },
  {
    name: 'server-sent events arrive one by one',
    async ask(port) {
      const { text } = await watch(port, get('/events'), 700);
      return yesNo(text.includes('data: 1'));
    },
  },
  {
    name: "client's abort reaches the upstream",
    async ask(port, upstream) {
      const before = upstream.closed('/abort');
      const client = await RawClient.connect(port);
      client.send('GET /abort HTTP/1.1\r\nHost: site.example\r\n\r\n');
      await pause(200);
      client.destroy();
      await pause(500);
      return yesNo(upstream.requests('/abort') > 0 && upstream.closed('/abort') > before);
    },
  },
];
