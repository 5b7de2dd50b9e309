import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exchange, highball, type Program, RawClient, temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/*
 * What a strict server must do, item by item, over a real socket against `highball serve`. The items are numbered
 * as in packages/http-parser's vectors; sections are RFC 9112's unless another RFC is named.
 */

const APPLICATION = `
const text = (start, body, status = '200 OK', more = []) => (start(status, [['Content-Type', 'text/plain'], ...more]), [body]);
const echo = async (environ, start) => {
  const body = await environ['wsgi.input'].read();
  return text(start, 'body=' + Buffer.from(body) + ' trailers=' + JSON.stringify(environ['highball.trailers']?.() ?? []));
};
export const app = (environ, start) => {
  switch (environ.PATH_INFO) {
    case '/environ': {
      const plain = Object.entries(environ).filter(([, value]) => typeof value === 'string');
      return text(start, JSON.stringify(Object.fromEntries(plain)));
    }
    case '/echo': return echo(environ, start);
    case '/ignore': return text(start, 'ignored');
    case '/slow': return (async () => { await new Promise((done) => setTimeout(done, 50)); return text(start, 'slow'); })();
    case '/204': start('204 No Content', []); return ['never sent'];
    case '/304': start('304 Not Modified', [['ETag', '"a"']]); return ['never sent'];
    case '/stream': start('200 OK', []); return (async function* () { yield 'one'; yield 'two'; })();
    case '/only-get': return text(start, 'no', '405 Method Not Allowed', [['Allow', 'GET']]);
    case '/upgrade': {
      const { socket, head } = environ['highball.upgrade']();
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
      return [];
    }
    case '/can-upgrade': return text(start, String('highball.upgrade' in environ));
    default: return text(start, environ.REQUEST_METHOD + ' ' + environ.RAW_URI + ' host=' + environ.HTTP_HOST);
  }
};
`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Program;
let proxied: Program;
let port: number;
let proxiedPort: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), APPLICATION);
  const limits = ['--limit-request-body', '100000'];
  server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', ...limits], { cwd: folder.path });
  const proxy = ['--proxy-protocol', 'auto', '--proxy-allow-ips', '127.0.0.1'];
  proxied = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', ...proxy], { cwd: folder.path });
  const portOf = async (program: Program): Promise<number> =>
    Number((await program.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
  [port, proxiedPort] = await Promise.all([portOf(server), portOf(proxied)]);
});

afterAll(async () => {
  await Promise.all([server?.stop(), proxied?.stop()]);
  await folder?.[Symbol.asyncDispose]();
});

const H = 'Host: a\r\n';
/** A request that ends its connection, so that the whole answer can be waited for. */
const ask = (line: string, fields = H, body = ''): Promise<string> =>
  exchange(port, `${line}\r\n${fields}Connection: close\r\n\r\n${body}`);
const field = (line: string): Promise<string> => ask('GET / HTTP/1.1', `${H}${line}\r\n`);
const echo = (fields: string, body: string): Promise<string> => ask('POST /echo HTTP/1.1', H + fields, body);
const chunked = (body: string): Promise<string> => echo('Transfer-Encoding: chunked\r\n', body);
/** The statuses of all responses in a text. */
const statuses = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** Sends bytes, and expects these statuses and then the end of the connection. */
async function expectStatuses(bytes: string, ...expected: number[]): Promise<string> {
  const answer = await exchange(port, bytes);
  expect(statuses(answer), JSON.stringify(answer)).toEqual(expected);
  return answer;
}

async function expectRefusal(answer: Promise<string>, status: number): Promise<void> {
  const text = await answer;
  expect(statuses(text), JSON.stringify(text)).toEqual([status]);
  expect(text).toMatch(/\r\nConnection: close\r\n/i);
}

describe('the start line', () => {
  test('1: empty lines before a request are skipped (§2.2)', async () => {
    expect(await exchange(port, `\r\n\r\nGET / HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)).toContain(
      'GET /',
    );
  });
  test('2: LF alone ends no line (§2.2)', () =>
    expectRefusal(exchange(port, `GET / HTTP/1.1\n${H}\r\n`), 400));
  test('3: CR alone is refused (§2.2)', () =>
    expectRefusal(exchange(port, `GET / HTTP/1.1\r\n${H}X: a\rb\r\n\r\n`), 400));
  test.each(['GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET\t/ HTTP/1.1'])(
    '4: %j has not one space between its parts (§3)',
    (line) => expectRefusal(ask(line), 400),
  );
  test.each(['GET /\r\n', 'GET HTTP/1.1\r\n'])(
    '5: %j is answered at once: nothing more may come (§3)',
    (bytes) => expectRefusal(exchange(port, bytes), 400),
  );
  test.each(['HTTP/1', 'HTTP/01.1', 'HTTP/1.10', 'http/1.1'])('6: %s is no version (§2.3)', (version) =>
    expectRefusal(ask(`GET / ${version}`), 400),
  );
  test.each(['HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0'])('7: %s is not spoken here (RFC 9110 §15.6.6)', (version) =>
    expectRefusal(ask(`GET / ${version}`), 505),
  );
  test.each(['GET:', 'G\0T', 'G\xcbT', '(GET)'])('8: %j is no method (RFC 9110 §9.1)', (method) =>
    expectRefusal(ask(`${method} / HTTP/1.1`), 400),
  );
  test('9: a method that nobody implements is 501; one that is not allowed here is the application’s 405', async () => {
    await expectRefusal(ask('BREW / HTTP/1.1'), 501);
    expect(await ask('POST /only-get HTTP/1.1')).toMatch(/^HTTP\/1\.1 405 [^]*Allow: GET\r\n/);
  });
  test('10: 8000 octets of target are taken, too many are 414 (§3)', async () => {
    expect(await ask(`GET /${'a'.repeat(7999)} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 200 /);
    await expectRefusal(ask(`GET /${'a'.repeat(9000)} HTTP/1.1`), 414);
  });
  test.each(['/\x01', '/\x7f', '/caf\xc3\xa9'])('11: %j holds what no target may (§3.2)', (target) =>
    expectRefusal(ask(`GET ${target} HTTP/1.1`), 400),
  );
  test('12: a fragment is refused (§3.2)', () => expectRefusal(ask('GET /#a HTTP/1.1'), 400));
  test('13: an absolute address overrides Host (§3.2.2)', async () => {
    expect(await ask('GET http://b/x HTTP/1.1')).toMatch(/host=b$/);
  });
  test('14: an authority only with CONNECT (§3.2.3)', () => expectRefusal(ask('GET b:443 HTTP/1.1'), 400));
  test('15: * only with OPTIONS (§3.2.4)', async () => {
    await expectRefusal(ask('GET * HTTP/1.1'), 400);
    expect(await ask('OPTIONS * HTTP/1.1')).toMatch(/^HTTP\/1\.1 200 [^]*OPTIONS \*/);
  });
  test('16: a relative target is refused', () => expectRefusal(ask('GET foo/bar HTTP/1.1'), 400));
});

describe('Host and fields', () => {
  test('17: HTTP/1.1 without Host is refused (§3.2)', () => expectRefusal(ask('GET / HTTP/1.1', ''), 400));
  test('18: two Hosts are refused, even equal ones', () => expectRefusal(ask('GET / HTTP/1.1', H + H), 400));
  test.each(['u@a', 'a/b', 'a,b', ''])('19: Host %j is refused', (host) =>
    expectRefusal(ask('GET / HTTP/1.1', `Host: ${host}\r\n`), 400),
  );
  test.each(['X : a', 'X\t: a'])('20: %j has white space before its colon (§5.1)', (line) =>
    expectRefusal(field(line), 400),
  );
  test('21: white space before the first field (§2.2)', () =>
    expectRefusal(ask('GET / HTTP/1.1', ` ${H}`), 400));
  test('22: a folded line (§5.2)', () => expectRefusal(field('X: a\r\n b'), 400));
  test.each([': a', 'X', 'X Y: a', 'X/Y: a'])('23: %j is no field (§5)', (line) =>
    expectRefusal(field(line), 400),
  );
  test.each(['a\0b', 'a\x01b', 'a\x7fb'])('24: %j is no value (RFC 9110 §5.5)', (value) =>
    expectRefusal(field(`X: ${value}`), 400),
  );
  test('25: SP and HTAB are trimmed, and nothing else', async () => {
    expect(await ask('GET /environ HTTP/1.1', `${H}X-A: \t a\xa0\t \r\n`)).toContain(
      '"HTTP_X_A":"a\xc2\xa0"',
    );
  });
  test('26: bytes beyond ASCII are latin-1 (RFC 9110 §5.5)', async () => {
    expect(await ask('GET /environ HTTP/1.1', `${H}X-A: \xe9\r\n`)).toContain('"HTTP_X_A":"\xc3\xa9"');
  });
  test('27: a name with an underscore does not pass for one with a hyphen', async () => {
    expect(await ask('GET /environ HTTP/1.1', `${H}X_Forwarded_For: 6.6.6.6\r\n`)).not.toContain('6.6.6.6');
  });
  test('28: a trusted peer that contradicts itself is refused', () =>
    expectRefusal(field('X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off'), 400));
  test('29: a second Content-Type is refused', () =>
    expectRefusal(field('Content-Type: a\r\nContent-Type: b'), 400));
  test('30: too many fields, or one too large, are 431 (RFC 6585 §5)', async () => {
    await expectRefusal(ask('GET / HTTP/1.1', H + 'X: a\r\n'.repeat(101)), 431);
    await expectRefusal(field(`X: ${'a'.repeat(9000)}`), 431);
  });
});

describe('framing', () => {
  test.each(['+5', '-0', '0_1', '0x5', '5 5', ''])('31: Content-Length %j (§6.3)', (length) =>
    expectRefusal(echo(`Content-Length: ${length}\r\n`, 'hello'), 400),
  );
  test('32: a Content-Length past 2^53 (RFC 9110 §8.6)', () =>
    expectRefusal(echo('Content-Length: 9007199254740992\r\n', ''), 400));
  test('33: leading zeros are decimal', async () => {
    expect(await echo('Content-Length: 010\r\n', '0123456789')).toContain('body=0123456789');
  });
  test.each([
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 5, 5',
    'Content-Length: 5\r\nContent-Length: 5',
  ])('34: %j', (lines) => expectRefusal(echo(`${lines}\r\n`, 'hello!'), 400));
  test('35: Content-Length with Transfer-Encoding (§6.1)', () =>
    expectRefusal(echo('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400));
  test('36: Transfer-Encoding in HTTP/1.0 (§6.1)', () =>
    expectRefusal(ask('POST /echo HTTP/1.0', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400));
  test.each(['chunked, chunked', 'chunked, gzip'])('37: Transfer-Encoding %s (§6.3)', (coding) =>
    expectRefusal(echo(`Transfer-Encoding: ${coding}\r\n`, ''), 400),
  );
  test.each(['gzip, chunked', 'cow', 'identity'])(
    '38: Transfer-Encoding %s is not implemented (§6.1)',
    (coding) => expectRefusal(echo(`Transfer-Encoding: ${coding}\r\n`, ''), 501),
  );
  test.each(['', ',chunked', 'chunked;q=1', '"chunked"'])('39: Transfer-Encoding %j', (coding) =>
    expectRefusal(echo(`Transfer-Encoding: ${coding}\r\n`, ''), 400),
  );
  test('40: something near the value', async () => {
    await expectRefusal(echo('Transfer-Encoding: xchunked\r\n', ''), 501);
    await expectRefusal(echo('Transfer-Encoding: \x0bchunked\r\n', ''), 400);
  });
  test.each(['+5', '-5', '0x5', '5_0', '', ' 5', '5 ', 'fffffffffffffffff'])(
    '41: chunk size %j (§7.1)',
    (size) => expectRefusal(chunked(`${size}\r\nhello\r\n0\r\n\r\n`), 400),
  );
  test('42: chunk extensions: quoted strings pass, a bare semicolon does not (§7.1.1)', async () => {
    expect(await chunked('5;a="b;c"\r\nhello\r\n0\r\n\r\n')).toContain('body=hello');
    await expectRefusal(chunked('5;\r\nhello\r\n0\r\n\r\n'), 400);
    await expectRefusal(chunked(`1;${'a'.repeat(5000)}\r\nx\r\n0\r\n\r\n`), 400);
  });
  test('43: no CRLF behind the data of a chunk', () =>
    expectRefusal(chunked('5\r\nhelloX\r\n0\r\n\r\n'), 400));
  test('44: trailers are passed on, but not those that would change the message (RFC 9110 §6.5.1)', async () => {
    expect(await chunked('2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n')).toContain('trailers=[["X-Sum","1"]]');
    await expectRefusal(chunked('0\r\nContent-Length: 5\r\n\r\n'), 400);
  });
  test('45: a body that breaks off is never delivered as a whole one (§8)', async () => {
    const client = await RawClient.connect(port);
    client.send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 10\r\n\r\nhalf`);
    client.end();
    await client.closed;
    expect(client.received).not.toContain('body=half');
    client.destroy();
  });
  test('46: a body over the limit is 413', async () => {
    await expectRefusal(echo('Content-Length: 100001\r\n', ''), 413);
    await expectRefusal(chunked(`186a1\r\n${'x'.repeat(100_001)}\r\n0\r\n\r\n`), 413);
  });
});

describe('the connection', () => {
  test('47: pipelined requests are answered in order, and nothing after an error (§9.3.2)', async () => {
    const line = (path: string): string => `GET ${path} HTTP/1.1\r\n${H}\r\n`;
    const answer = await expectStatuses(
      `${line('/slow')}${line('/1')}${line('/2')}GET /bad\r\n\r\n${line('/3')}`,
      200,
      200,
      200,
      400,
    );
    expect(answer.indexOf('slow')).toBeLessThan(answer.indexOf('GET /1'));
    expect(answer.indexOf('GET /1')).toBeLessThan(answer.indexOf('GET /2'));
    expect(answer).not.toContain('/3');
  });
  test('48: HTTP/1.0 closes unless keep-alive is asked for (§9.3)', async () => {
    await expectStatuses('GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n', 200);
    const answer = await expectStatuses(
      'GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n',
      200,
      200,
    );
    expect(answer).toMatch(/Connection: keep-alive/i);
  });
  test('49: what follows Connection: close is ignored (§9.6)', () =>
    expectStatuses(`GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n${H}\r\n`, 200));
  test('50: a body that the application did not read is drained, or the connection closes', async () => {
    const next = `GET /next HTTP/1.1\r\n${H}Connection: close\r\n\r\n`;
    await expectStatuses(`POST /ignore HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello${next}`, 200, 200);
    await expectStatuses(
      `POST /ignore HTTP/1.1\r\n${H}Content-Length: 99999\r\n\r\n${'x'.repeat(99_999)}${next}`,
      200,
    );
  });
  test('51: 100 is sent when the application reads; another expectation is 417 (RFC 9110 §10.1.1)', async () => {
    const client = await RawClient.connect(port);
    client.send(
      `POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    );
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.until('body=hello');
    client.destroy();
    expect(
      await ask('POST /ignore HTTP/1.1', `${H}Content-Length: 5\r\nExpect: 100-continue\r\n`),
    ).not.toContain('100 Continue');
    expect(
      await ask('POST /echo HTTP/1.0', 'Content-Length: 5\r\nExpect: 100-continue\r\n', 'hello'),
    ).not.toContain('100 Continue');
    await expectRefusal(field('Expect: more'), 417);
  });
  test('52: an upgrade needs Connection: upgrade, and HTTP/1.1', async () => {
    expect(await ask('GET /can-upgrade HTTP/1.1', `${H}Upgrade: echo\r\n`)).toMatch(/false$/);
    expect(
      await exchange(port, 'GET /can-upgrade HTTP/1.0\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n'),
    ).toMatch(/false$/);
    const client = await RawClient.connect(port);
    client.send(`GET /upgrade HTTP/1.1\r\n${H}Upgrade: echo\r\nConnection: upgrade\r\n\r\nhello`);
    await client.until(/101 Switching[^]*hello$/);
    client.send('again');
    await client.until('helloagain');
    client.destroy();
  });
  test('53: HEAD, 204 and 304 have no body; HTTP/1.0 gets no Transfer-Encoding (§6.1, §6.3)', async () => {
    expect(await ask('HEAD / HTTP/1.1')).toMatch(/\r\nContent-Length: \d+\r\n[^]*\r\n\r\n$/);
    const none = await ask('GET /204 HTTP/1.1');
    expect(none).toMatch(/\r\n\r\n$/);
    expect(none).not.toMatch(/Content-Length|Transfer-Encoding/);
    expect(await ask('GET /304 HTTP/1.1')).toMatch(/ETag: "a"\r\n[^]*\r\n\r\n$/);
    expect(await ask('GET /stream HTTP/1.1')).toMatch(
      /Transfer-Encoding: chunked\r\n[^]*3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/,
    );
    const old = await ask('GET /stream HTTP/1.0', '');
    expect(old).toMatch(/\r\n\r\nonetwo$/);
    expect(old).not.toContain('Transfer-Encoding');
  });
  test('54: a proxy strips what Connection names, and adds Via (RFC 9110 §7.6)', async () => {
    await using proxy = highball(['proxy', `http://127.0.0.1:${port}`, '-b', '127.0.0.1:0', '-w', '1']);
    const front = Number((await proxy.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
    const answer = await exchange(
      front,
      `GET /environ HTTP/1.1\r\n${H}Connection: close, X-Hop\r\nX-Hop: 1\r\n\r\n`,
    );
    expect(answer).toContain('"HTTP_VIA":"1.1 highball"');
    expect(answer).not.toContain('X_HOP');
    expect(answer).toMatch(/\r\nVia: 1\.1 highball\r\n/);
  });
  test('55: a slow head and a slow body are 408 (§9.5)', async () => {
    const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '--head-timeout', '1', '--body-timeout', '1'];
    await using impatient = highball(args, { cwd: folder.path });
    const itsPort = Number((await impatient.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
    const head = await RawClient.connect(itsPort);
    head.send('GET / HTT');
    const body = await RawClient.connect(itsPort);
    body.send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 5000\r\n\r\nx`);
    await Promise.all([head.until(/^HTTP\/1\.1 408 /), body.until(/^HTTP\/1\.1 408 /)]);
    await Promise.all([head.closed, body.closed]);
    head.destroy();
    body.destroy();
  });
  test('56: the PROXY protocol is read from listed peers; what is none closes', async () => {
    const request = `GET /environ HTTP/1.1\r\n${H}Connection: close\r\n\r\n`;
    expect(await exchange(proxiedPort, `PROXY TCP4 203.0.113.7 192.0.2.2 4711 443\r\n${request}`)).toContain(
      '"REMOTE_ADDR":"203.0.113.7"',
    );
    expect(await exchange(proxiedPort, request)).toBe('');
    // Off by default: a header is no request.
    await expectRefusal(exchange(port, `PROXY TCP4 203.0.113.7 192.0.2.2 4711 443\r\n${request}`), 400);
  });
  test('57: thousands of ranges are not expanded (RFC 9110 §14.2)', async () => {
    await using files = highball(['static', folder.path, '-b', '127.0.0.1:0', '-w', '1']);
    const front = Number((await files.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
    const ranges = Array.from({ length: 1300 }, (_, i) => `${i % 10}-`).join(',');
    const answer = await exchange(
      front,
      `GET /app.mjs HTTP/1.1\r\n${H}Connection: close\r\nRange: bytes=${ranges}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.length).toBeLessThan(APPLICATION.length + 1000);
  });
});
