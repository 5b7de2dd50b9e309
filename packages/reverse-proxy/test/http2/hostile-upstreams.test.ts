import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { get, post, startProxy } from '../support.ts';
import {
  ACK, block, data, END_HEADERS, END_STREAM, frame, goaway, head, type RawSession, reset, setting, startRaw, TYPE, uint32, whole,
} from './raw-upstream.ts'; // prettier-ignore

/** What the upstream does with a request. */
type Does = (session: RawSession, id: number) => void;

const NODE = Number(process.versions.node.split('.')[0]);
const CHUNKED_END = /\r\n0\r\n\r\n$/;

describe('an answer that breaks the protocol is 502, is asked for once, and shows nothing', () => {
  test.each<[string, Does]>([
    ['a head of 2 MB', (s, id) => s.send(
      frame(TYPE.HEADERS, 0, id, block([':status', '200'], ['evil', 'x'.repeat(16_000)])),
      ...Array.from({ length: 120 }, () => frame(TYPE.CONTINUATION, 0, id, block(['evil', 'x'.repeat(16_000)]))),
      frame(TYPE.CONTINUATION, END_HEADERS, id))],
    ['very many fields', (s, id) => s.send(frame(TYPE.HEADERS, END_HEADERS, id,
      block([':status', '200'], ...Array.from({ length: 300 }, () => ['evil', ''] as const))))],
    ['no status', (s, id) => s.send(frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block(['evil', '1'])))],
    ['a status of two digits', (s, id) => s.send(frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block([':status', '20'])))],
    ['101', (s, id) => s.send(frame(TYPE.HEADERS, END_HEADERS, id, block([':status', '101'])), whole(id, 'evil'))],
    ['a body without a head', (s, id) => s.send(data(id, 'evil', END_STREAM))],
    ['a pseudo-field of requests', (s, id) => s.send(head(id, END_HEADERS | END_STREAM, [':path', '/evil']))],
    ['a field of a connection', (s, id) => s.send(head(id, END_HEADERS | END_STREAM, ['connection', 'evil']))],
    ['a name in upper case', (s, id) => s.send(head(id, END_HEADERS | END_STREAM, ['Evil', '1']))],
    ['half a head, then another frame', (s, id) => s.send(frame(TYPE.HEADERS, 0, id, block([':status', '200'])), data(id, 'evil', END_STREAM))],
    ['what HPACK cannot read', (s, id) => s.send(frame(TYPE.HEADERS, END_HEADERS, id, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])))],
    ['a stream of its own', (s, id) => s.send(frame(TYPE.PUSH_PROMISE, END_HEADERS, id, Buffer.concat([uint32(2), block([':method', 'GET'], [':path', '/evil'])])))],
    ['a frame too large', (s, id) => s.send(data(id, 'evil'.repeat(10_000)))],
  ])('%s', async (_, answer) => {
    await using upstream = await startRaw(answer);
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 2000 });
    const text = await exchange(proxy.port, get('/'));
    expect(text).toMatch(/^HTTP\/1\.1 50[24] /);
    expect(text).not.toContain('evil');
    expect(upstream.requests()).toBe(1);
    // Node 22 gives a connection up and tells nobody.
    if (NODE === 22) return;
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(proxy.log.join()).toContain('does not speak its protocol');
  }); // prettier-ignore
});

describe('an answer that is not whole never looks so', () => {
  test.each<[string, Does]>([
    ...[0, 1, 2, 8, 11].map((code): [string, Does] =>
      [`RST_STREAM with code ${code}`, (s, id) => s.send(head(id), data(id, 'half'), reset(id, code))]),
    ['more than its length', (s, id) => s.send(head(id, END_HEADERS, ['content-length', '2']), data(id, 'evil', END_STREAM))],
    ['less than its length', (s, id) => s.send(head(id, END_HEADERS, ['content-length', '9']), data(id, 'half', END_STREAM))],
    ['the connection reset', (s, id) => { s.send(head(id), data(id, 'half')); setTimeout(() => s.socket.resetAndDestroy(), 20); }],
    ['the connection ended', (s, id) => { s.send(head(id), data(id, 'half')); s.socket.end(); }],
    ['GOAWAY with an error', (s, id) => s.send(head(id), data(id, 'half'), goaway(id, 2))],
    ['GOAWAY, then the end', (s, id) => { s.send(head(id), data(id, 'half'), goaway(id)); s.socket.end(); }],
    ['a pseudo-field among the trailers', (s, id) => s.send(head(id), data(id, 'half'), frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block([':status', '200'])))],
    ['a length among the trailers', (s, id) => s.send(head(id), data(id, 'half'), frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block(['content-length', '4'])))],
    ['a cookie among the trailers', (s, id) => s.send(head(id), data(id, 'half'), frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block(['set-cookie', 'evil=1'])))],
    ['a window that overflows', (s, id) => s.send(head(id), data(id, 'half'), frame(TYPE.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)), frame(TYPE.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)))],
  ])('%s', async (_, answer) => {
    await using upstream = await startRaw(answer);
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 2000 });
    const text = await exchange(proxy.port, get('/'));
    expect(text).not.toMatch(CHUNKED_END);
    expect(text).not.toContain('evil');
    const length = /^HTTP\/1\.1 200 [^]*content-length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(text);
    if (length !== null) expect(text.length - length[0].length).toBeLessThan(Number(length[1]));
    expect(upstream.requests()).toBe(1);
  }); // prettier-ignore
});

describe('what was not taken goes to another connection, whatever its method', () => {
  const refusals: [string, Does][] = [
    ['REFUSED_STREAM', (session, id) => session.send(reset(id, 7))],
    ['a GOAWAY that leaves it out', (session, id) => session.send(goaway(Math.max(0, id - 2)))],
    [
      'a GOAWAY with an error that leaves it out',
      (session, id) => session.send(goaway(Math.max(0, id - 2), 11)),
    ],
  ];
  test.each(refusals)('%s, over a connection that was used', async (_, refuse) => {
    await using upstream = await startRaw((session, id, index) => {
      if (index === 1) refuse(session, id);
      else session.send(whole(id, `answer ${index}`));
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toContain('answer 0');
    expect(await exchange(proxy.port, get('/', 'Content-Length: 0\r\n', 'POST'))).toContain('answer 2');
    expect(upstream.sessions).toHaveLength(2);
  });

  test.each(refusals)('%s, over a new one: at the next upstream', async (_, refuse) => {
    await using refusing = await startRaw(refuse);
    await using other = await startRaw((session, id) => session.send(whole(id, 'other')));
    await using proxy = await startProxy([refusing.url, other.url]);
    for (let i = 0; i < 2; i++) {
      expect(await exchange(proxy.port, get('/', 'Content-Length: 0\r\n', 'POST'))).toContain('other');
    }
  });

  test('with what was sent of its body, while that is short', async () => {
    await using refusing = await startRaw(() => undefined, {
      // Refused behind the first piece, when the next is being waited for.
      onFrame: (session, { type, id }) => type === TYPE.DATA && session.send(reset(id, 7)),
    });
    const bodies: Buffer[] = [];
    await using other = await startRaw(() => undefined, {
      onFrame: (session, { type, id, flags, payload }) => {
        if (type !== TYPE.DATA) return;
        bodies.push(payload);
        if ((flags & END_STREAM) !== 0) session.send(whole(id, 'other'));
      },
    });
    await using proxy = await startProxy([refusing.url, other.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 11\r\n\r\nhello ');
    await expect.poll(() => bodies.length).toBe(1);
    client.send('world');
    await client.until('other');
    expect(Buffer.concat(bodies).toString()).toBe('hello world');
    expect(refusing.requests()).toBe(1);
  });

  test('but not when more of its body is on its way', async () => {
    let bytes = 0;
    await using upstream = await startRaw(() => undefined, {
      settings: frame(TYPE.SETTINGS, 0, 0, setting(4, 1_000_000)),
      onFrame: (session, { type, id, payload }) => {
        if (type !== TYPE.DATA) return;
        bytes += payload.length;
        session.send(frame(TYPE.WINDOW_UPDATE, 0, 0, uint32(payload.length)));
        if (bytes > 80_000) session.send(reset(id, 7));
      },
    });
    await using proxy = await startProxy([upstream.url, `${upstream.url}/`]);
    expect(await exchange(proxy.port, post('x'.repeat(200_000)))).toMatch(/^HTTP\/1\.1 502 /);
    expect(upstream.requests()).toBe(1);
  });

  test('a connection that dies under requests: GET goes out once more, POST does not', async () => {
    await using upstream = await startRaw((session, id, index) => {
      if (session.index === 0 && index > 0) session.socket.destroy();
      else session.send(whole(id, `answer ${index}`));
    });
    await using proxy = await startProxy([upstream.url]);
    await exchange(proxy.port, get('/'));
    expect(await exchange(proxy.port, get('/'))).toContain('answer 2');
    await using posted = await startRaw((session, id, index) => {
      if (index > 0) session.socket.destroy();
      else session.send(whole(id, `answer ${index}`));
    });
    await using other = await startProxy([posted.url]);
    await exchange(other.port, get('/'));
    expect(await exchange(other.port, get('/', 'Content-Length: 0\r\n', 'POST'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(posted.requests()).toBe(2);
  });
});

describe('a connection', () => {
  test('that says GOAWAY finishes what it has, and gets no more', async () => {
    let finish = (): void => undefined;
    await using upstream = await startRaw((session, id, index) => {
      if (index > 0) {
        session.send(whole(id, `answer ${index}`));
        return;
      }
      session.send(head(id), data(id, 'first '), goaway(id));
      finish = () => session.send(data(id, 'and last', END_STREAM));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.until('first ');
    expect(await exchange(proxy.port, get('/'))).toContain('answer 1');
    finish();
    await client.until(/and last\r\n0\r\n\r\n$/);
    expect(upstream.sessions).toHaveLength(2);
  });

  test('takes no more at a time than it allows; further ones are opened, and then requests wait', async () => {
    const pending: (() => void)[] = [];
    await using upstream = await startRaw(
      (session, id, index) => pending.push(() => session.send(whole(id, `answer ${index}`))),
      { settings: frame(TYPE.SETTINGS, 0, 0, setting(3, 2)) },
    );
    await using proxy = await startProxy([upstream.url], { http2: { maxSessions: 2 } });
    const answers = Array.from({ length: 6 }, () => exchange(proxy.port, get('/')));
    await expect.poll(() => pending.length).toBe(4);
    expect(upstream.sessions).toHaveLength(2);
    for (let i = 0; i < 6; i++) {
      await expect.poll(() => pending.length).toBeGreaterThan(i);
      pending[i]?.();
    }
    for (const answer of await Promise.all(answers)) expect(answer).toContain('answer ');
    expect(upstream.sessions).toHaveLength(2);
  });

  test('that allows none is waited for no longer than a connection may take', async () => {
    await using upstream = await startRaw(() => undefined, {
      settings: frame(TYPE.SETTINGS, 0, 0, setting(3, 0)),
    });
    await using proxy = await startProxy([upstream.url], { connectTimeoutMs: 200 });
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 /);
    expect(upstream.sessions.length).toBeLessThanOrEqual(2);
  });

  test.each([
    ['says nothing', Buffer.alloc(0), 504, 200],
    ['speaks HTTP/1.1', Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'), 502, 10_000],
  ])(
    'that %s is no upstream of HTTP/2, and gets no request',
    async (_, settings, status, connectTimeoutMs) => {
      await using upstream = await startRaw(() => undefined, { settings, acknowledges: false });
      await using proxy = await startProxy([upstream.url], { connectTimeoutMs });
      const posted = get('/', 'Content-Length: 0\r\n', 'POST');
      expect(await exchange(proxy.port, posted)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(upstream.requests()).toBe(0);
    },
  );

  test('unused ends after a while, with GOAWAY', async () => {
    await using upstream = await startRaw((session, id) => session.send(whole(id, 'hi')));
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 50 });
    await exchange(proxy.port, get('/'));
    await expect.poll(() => upstream.sessions[0]?.socket.destroyed).toBe(true);
    expect(upstream.sessions[0]?.of(TYPE.GOAWAY)).toHaveLength(1);
  });

  test('is not kept where none are', async () => {
    await using upstream = await startRaw((session, id) => session.send(whole(id, 'hi')));
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 0 });
    for (let i = 0; i < 2; i++) expect(await exchange(proxy.port, get('/'))).toContain('hi');
    expect(upstream.sessions).toHaveLength(2);
  });

  test('with requests that is silent is asked by PING, and without an answer it is dead', async () => {
    await using upstream = await startRaw(() => undefined, { acknowledges: false });
    await using proxy = await startProxy([upstream.url], {
      readTimeoutMs: 0,
      http2: { pingAfterMs: 60, pingTimeoutMs: 60 },
    });
    expect(await exchange(proxy.port, post('body'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.log.join()).toContain('PING');
    expect(upstream.sessions[0]?.of(TYPE.PING)).toHaveLength(1);
  });

  test('that answers the PING is left alone', async () => {
    await using upstream = await startRaw((session, id) => {
      setTimeout(() => session.send(whole(id, 'late')), 400);
    });
    await using proxy = await startProxy([upstream.url], { http2: { pingAfterMs: 50, pingTimeoutMs: 5000 } });
    expect(await exchange(proxy.port, get('/'))).toContain('late');
    // Not again within five minutes.
    expect(upstream.sessions[0]?.of(TYPE.PING)).toHaveLength(1);
  });

  test('that was silent shows that it is alive before it gets what could not be sent twice', async () => {
    let now = 0;
    await using upstream = await startRaw((session, id, index) => session.send(whole(id, `answer ${index}`)));
    await using proxy = await startProxy([upstream.url], { now: () => now, idleTimeoutMs: 60_000 });
    await exchange(proxy.port, get('/'));
    now += 2000;
    expect(await exchange(proxy.port, get('/'))).toContain('answer 1');
    expect(upstream.sessions[0]?.of(TYPE.PING)).toHaveLength(0);
    now += 2000;
    expect(await exchange(proxy.port, post('body'))).toContain('answer 2');
    const kinds = upstream.sessions[0]?.frames.map(({ type }) => type) ?? [];
    expect(kinds.indexOf(TYPE.PING)).toBeLessThan(kinds.lastIndexOf(TYPE.HEADERS));
    expect(kinds.filter((type) => type === TYPE.PING)).toHaveLength(1);
  });

  test('that does not show it is not used: the request goes over a new one', async () => {
    let now = 0;
    await using upstream = await startRaw(
      (session, id, index) => session.send(whole(id, `answer ${index}`)),
      {
        acknowledges: false,
      },
    );
    await using proxy = await startProxy([upstream.url], {
      now: () => now,
      idleTimeoutMs: 60_000,
      http2: { pingTimeoutMs: 50 },
    });
    await exchange(proxy.port, get('/'));
    now += 2000;
    expect(await exchange(proxy.port, post('body'))).toContain('answer 1');
    expect(upstream.sessions).toHaveLength(2);
  });

  test('full of PINGs and SETTINGS is answered, and ends when there are too many', async () => {
    await using upstream = await startRaw((session, id) => {
      const pings = Array.from({ length: 20 }, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8)));
      session.send(...pings, whole(id, 'hi'));
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toContain('hi');
    await expect
      .poll(() => upstream.sessions[0]?.of(TYPE.PING).filter(({ flags }) => flags === ACK).length)
      .toBe(20);
  });
});

describe('many at a time', () => {
  test('what a GOAWAY leaves out opens one connection more, not one each', async () => {
    const ids: [RawSession, number][] = [];
    await using upstream = await startRaw((session, id) => {
      if (session.index > 0) session.send(whole(id, 'again'));
      else if (id === 1) session.send(whole(id, 'first'));
      else ids.push([session, id]);
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toContain('first');
    const answers = Array.from({ length: 3 }, () => exchange(proxy.port, get('/')));
    await expect.poll(() => ids.length).toBe(3);
    ids[0]?.[0].send(goaway(1));
    for (const answer of await Promise.all(answers)) expect(answer).toContain('again');
    expect(upstream.sessions).toHaveLength(2);
  });

  test('one PING proves a connection for all', async () => {
    let now = 0;
    await using upstream = await startRaw((session, id) => session.send(whole(id, 'fine')));
    await using proxy = await startProxy([upstream.url], { now: () => now, idleTimeoutMs: 60_000 });
    await exchange(proxy.port, get('/'));
    now += 2000;
    const answers = await Promise.all(Array.from({ length: 15 }, () => exchange(proxy.port, post('abc'))));
    for (const answer of answers) expect(answer).toContain('fine');
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.sessions[0]?.of(TYPE.PING).length).toBeLessThan(5);
  });

  test('a request that is answered before it was taken is given up', async () => {
    await using upstream = await startRaw((session, id) => session.send(whole(id, 'early')), {
      settings: frame(TYPE.SETTINGS, 0, 0, setting(4, 0)),
    });
    await using proxy = await startProxy([upstream.url]);
    for (let i = 1; i <= 2; i++) {
      expect(await exchange(proxy.port, post('x'.repeat(1000)))).toContain('early');
      await expect.poll(() => upstream.sessions[0]?.of(TYPE.RST_STREAM).length).toBe(i);
    }
    expect(upstream.sessions).toHaveLength(1);
  });
});

describe('time', () => {
  test('an upstream that does not answer is 504, and hears CANCEL; its connection stays', async () => {
    await using upstream = await startRaw((session, id, index) => {
      if (index > 0) session.send(whole(id, 'hi'));
      else session.send(frame(TYPE.HEADERS, END_HEADERS, id, block([':status', '102'])));
    });
    await using proxy = await startProxy([upstream.url], { firstByteTimeoutMs: 400 });
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 /);
    expect(await exchange(proxy.port, get('/'))).toContain('hi');
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.sessions[0]?.of(TYPE.RST_STREAM)[0]?.payload).toEqual(uint32(8));
  });

  test('one that is silent for one request gets no other until it answers a PING', async () => {
    const pings: (() => void)[] = [];
    await using upstream = await startRaw(
      (session, id, index) => {
        if (index > 0) session.send(whole(id, `connection ${session.index}`));
      },
      {
        acknowledges: false,
        onFrame: (session, { type, payload }) => {
          if (type === TYPE.PING) pings.push(() => session.send(frame(TYPE.PING, ACK, 0, payload)));
        },
      },
    );
    await using proxy = await startProxy([upstream.url], { firstByteTimeoutMs: 400 });
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 /);
    expect(await exchange(proxy.port, get('/'))).toContain('connection 1');
    await expect.poll(() => pings.length).toBe(1);
    pings[0]?.();
    await expect.poll(() => exchange(proxy.port, get('/'))).toContain('connection 0');
  });

  test('one that stops within its answer is cut', async () => {
    await using upstream = await startRaw((session, id) => session.send(head(id), data(id, 'half')));
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 60 });
    expect(await exchange(proxy.port, get('/'))).not.toMatch(CHUNKED_END);
    await expect.poll(() => upstream.sessions[0]?.of(TYPE.RST_STREAM).length).toBe(1);
  });

  test('one that takes nothing of a request is 504', async () => {
    await using upstream = await startRaw(() => undefined, {
      settings: frame(TYPE.SETTINGS, 0, 0, setting(4, 0)),
    });
    await using proxy = await startProxy([upstream.url], { sendTimeoutMs: 80 });
    expect(await exchange(proxy.port, post('x'.repeat(2_000_000)))).toMatch(/^HTTP\/1\.1 504 /);
    expect(proxy.log.join()).toContain('took nothing');
  });

  test('a client that leaves takes its request along, and no other', async () => {
    await using upstream = await startRaw((session, id, index) => {
      if (index > 0) session.send(whole(id, 'hi'));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await expect.poll(() => upstream.requests()).toBe(1);
    client.destroy();
    await expect.poll(() => upstream.sessions[0]?.of(TYPE.RST_STREAM)[0]?.payload).toEqual(uint32(8));
    expect(await exchange(proxy.port, get('/'))).toContain('hi');
    expect(upstream.sessions).toHaveLength(1);
  });
});
