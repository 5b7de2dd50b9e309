import { describe, expect, test } from 'vitest';
import { accessLog, AccessLogError, type AccessRecord, type Format } from '../src/index.ts';
import { recordOf } from './support.ts';

/** 2026-11-21T08:33:56.789Z */
const NOW = 1_795_250_036_789;

function lineOf(format: Format, record: AccessRecord = recordOf()): string {
  const lines: string[] = [];
  accessLog({ format, to: (line) => lines.push(line), now: () => NOW }).onResponse(record);
  return lines.join('\n');
}

const local = new Date(NOW);
const offset = -local.getTimezoneOffset();
const sign = offset < 0 ? '-' : '+';
const two = (number: number): string => String(Math.abs(number)).padStart(2, '0');
const zone = `${sign}${two(Math.trunc(offset / 60))}${two(offset % 60)}`;
const clf = `${two(local.getDate())}/Nov/2026:${two(local.getHours())}:${two(local.getMinutes())}:56 ${zone}`;

test('combined is what nginx writes', () => {
  expect(lineOf('combined')).toBe(
    `203.0.113.7 - - [${clf}] "GET /a%20b?x=1&y=2 HTTP/1.1" 200 1234 "https://example.org/" "probe/1.0"`,
  );
});

test('common has no referer and no user agent', () => {
  expect(lineOf('common')).toBe(`203.0.113.7 - - [${clf}] "GET /a%20b?x=1&y=2 HTTP/1.1" 200 1234`);
});

test('the format of gunicorn is its default', () => {
  expect(lineOf('gunicorn')).toBe(
    `203.0.113.7 - - [${clf}] "GET /a%20b?x=1&y=2 HTTP/1.1" 200 1234 "https://example.org/" "probe/1.0"`,
  );
});

test.each(['%(r)s %(H)s', '$request $server_protocol'])(
  'HTTP/2 is HTTP/2.0, as nginx writes it: %s',
  (format) => {
    const record = recordOf();
    record.environ.SERVER_PROTOCOL = 'HTTP/2';
    expect(lineOf(format)).toContain('HTTP/1.1 HTTP/1.1');
    expect(lineOf(format, record)).toBe('GET /a%20b?x=1&y=2 HTTP/2.0 HTTP/2.0');
  },
);

describe('each atom', () => {
  test.each([
    ['h', '203.0.113.7'],
    ['l', '-'],
    ['u', 'ann'],
    ['t', `[${clf}]`],
    ['r', 'GET /a%20b?x=1&y=2 HTTP/1.1'],
    ['s', '200'],
    ['m', 'GET'],
    ['U', '/a b'],
    ['q', 'x=1&y=2'],
    ['H', 'HTTP/1.1'],
    ['b', '1234'],
    ['B', '1234'],
    ['f', 'https://example.org/'],
    ['a', 'probe/1.0'],
    ['T', '1'],
    ['M', '1235'],
    ['D', '1234568'],
    ['L', '1.234568'],
    ['p', `<${process.pid}>`],
    ['{host}i', 'WWW.Example.com:8443'],
    ['{X-None}i', '-'],
    ['{content-type}o', 'text/html'],
    ['{Set-Cookie}o', 'a=1, b=2'],
    ['{SERVER_PORT}e', '8080'],
    ['{wsgi.url_scheme}e', 'https'],
  ])('%%(%s)s', (name, expected) => {
    // ann:secret
    const record = recordOf({ HTTP_AUTHORIZATION: 'Basic YW5uOnNlY3JldA==' });
    expect(lineOf(`<%(${name})s>`, record)).toBe(`<${expected}>`);
  });

  test('%% is a percent sign, and $ is text', () => {
    expect(lineOf('%%$status%(s)s')).toBe('%$status200');
  });
});

describe('each variable', () => {
  test.each([
    ['$args', 'x=1&y=2'],
    ['$arg_y', '2'],
    ['$body_bytes_sent', '1234'],
    ['$content_type', '-'],
    ['$cookie_session', 'abc'],
    ['$cookie_none', '-'],
    ['$host', 'www.example.com'],
    ['$http_user_agent', 'probe/1.0'],
    ['$https', 'on'],
    ['$is_args', '?'],
    ['$msec', '1795250036.789'],
    ['$pid', String(process.pid)],
    ['$remote_addr', '203.0.113.7'],
    ['$remote_port', '4711'],
    ['$remote_user', '-'],
    ['$request', 'GET /a%20b?x=1&y=2 HTTP/1.1'],
    ['$request_completion', 'OK'],
    ['$request_id', 'cafe'],
    ['$request_method', 'GET'],
    ['$request_time', '1.235'],
    ['$request_uri', '/a%20b?x=1&y=2'],
    ['$scheme', 'https'],
    ['$sent_http_content_type', 'text/html'],
    ['$sent_http_set_cookie', 'a=1, b=2'],
    ['$server_name', 'server.example'],
    ['$server_port', '8080'],
    ['$server_protocol', 'HTTP/1.1'],
    ['$status', '200'],
    ['$time_iso8601', `${local.getFullYear()}-11-${two(local.getDate())}T`],
    ['$time_local', clf],
    ['$upstream_addr', '127.0.0.1:9000'],
    ['$uri', '/a b'],
    // oxlint-disable-next-line no-template-curly-in-string -- nginx's braces
    ['${status}x', '200x'],
  ])('%s', (template, expected) => {
    const record = recordOf({
      'highball.request_id': 'cafe',
      'highball.upstream_addr': '127.0.0.1:9000',
    });
    expect(lineOf(`<${template}`, record)).toContain(`<${expected}`);
  });

  test('time_iso8601 has the offset with a colon', () => {
    expect(new Date(lineOf('$time_iso8601')).getTime()).toBe(Math.floor(NOW / 1000) * 1000);
    expect(lineOf('$time_iso8601')).toMatch(/[+-]\d\d:\d\d$/);
  });
});

test('the address of the client is the one that was asked for, not what a rewriting made of it', () => {
  const record = recordOf({ RAW_URI: '/internal', 'highball.original_uri': '/asked' });
  expect(lineOf('$request_uri|%', record)).toBe('/asked|%');
});

test.each([
  ['Basic OnNlY3JldA==', '-'],
  ['Basic !', '-'],
  ['Bearer YW5uOnNlY3JldA==', '-'],
  ['bAsIc YW5uOnNlY3JldA==', 'ann'],
  [`Basic ${'A'.repeat(5000)}`, '-'],
])('the user of %s is %s', (credentials, user) => {
  expect(lineOf('%(u)s', recordOf({ HTTP_AUTHORIZATION: credentials }))).toBe(user);
});

test('a client that left before an answer is 499, as in nginx', () => {
  expect(lineOf('$status|$request_completion', recordOf({}, { status: '', complete: false }))).toBe('499|');
});

describe('JSON', () => {
  test('is one object with numbers as numbers and null for what is not there', () => {
    expect(JSON.parse(lineOf('json'))).toMatchObject({
      remoteAddress: '203.0.113.7',
      remoteUser: null,
      method: 'GET',
      uri: '/a%20b?x=1&y=2',
      status: 200,
      bodyBytes: 1234,
      seconds: 1.235,
      userAgent: 'probe/1.0',
      completion: 'OK',
    });
  });

  test('has the fields that one wants, of templates of either kind', () => {
    const line = lineOf({ json: { s: '$status', both: '%(m)s "%(U)s"', 'ü"': 'x' } });
    expect(JSON.parse(line)).toEqual({ s: 200, both: 'GET "/a b"', 'ü"': 'x' });
  });

  test('reads as UTF-8 what is UTF-8, and is ASCII itself', () => {
    const agent = Buffer.from('größe 🎉').toString('latin1');
    const line = lineOf({ json: { agent: '$http_user_agent' } }, recordOf({ HTTP_USER_AGENT: agent }));
    expect(JSON.parse(line)).toEqual({ agent: 'größe 🎉' });
    expect(line).toMatch(/^[\x20-\x7e]+$/);
  });

  test('stays JSON whatever the client sends', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    const line = lineOf({ json: { agent: '$http_user_agent' } }, recordOf({ HTTP_USER_AGENT: all }));
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect((JSON.parse(line) as { agent: string }).agent.slice(0, 128)).toBe(all.slice(0, 128));
  });
});

describe('no client can forge a line', () => {
  const evil = '" 200 1 "x"\r\n127.0.0.1 - admin \\\u007f\u0085\u00e4';

  test.each(['combined', 'gunicorn', '%({user-agent}i)s', '$http_user_agent'])('in %s', (format) => {
    const line = lineOf(format, recordOf({ HTTP_USER_AGENT: evil }));
    expect(line).toContain('\\x22 200 1 \\x22x\\x22\\x0D\\x0A127.0.0.1 - admin \\x5C\\x7F\\x85\\xE4');
    expect(line).toMatch(/^[\x20-\x7e]+$/);
  });

  test.each(['$request', '$uri', '$host', '$args', '$remote_user', '$cookie_a', '$remote_addr'])(
    'by %s',
    (name) => {
      const nasty = 'a"\n\\';
      const record = recordOf({
        REQUEST_METHOD: nasty,
        PATH_INFO: nasty,
        HTTP_HOST: nasty,
        QUERY_STRING: nasty,
        HTTP_AUTHORIZATION: `Basic ${Buffer.from(`${nasty}:x`).toString('base64')}`,
        HTTP_COOKIE: `a=${nasty}`,
        REMOTE_ADDR: nasty,
      });
      expect(lineOf(name, record)).toContain('a\\x22\\x0A\\x5C');
    },
  );

  test('by a function that knows nothing of escaping', () => {
    const line = lineOf(
      ({ environ }) => String(environ.HTTP_USER_AGENT),
      recordOf({ HTTP_USER_AGENT: 'a\nb\u2028c' }),
    );
    expect(line).toBe('a\\x0Ab\\xE2\\x80\\xA8c');
  });
});

test.each<[string, Format, string]>([
  ['an unknown variable', '$nonsense', 'UNKNOWN_NAME'],
  ['an unknown atom', '%(Z)s', 'UNKNOWN_NAME'],
  ['a name of the prototype', '$constructor', 'UNKNOWN_NAME'],
  ['a name that is no format', 'combinde', 'UNKNOWN_NAME'],
  ['a line break', '$status\n', 'BAD_OPTION'],
  ['an object without fields', { json: {} }, 'BAD_OPTION'],
])('%s is refused at the start, with the names that there are', (_, format, code) => {
  expect(() => lineOf(format)).toThrow(AccessLogError);
  expect(() => lineOf(format)).toThrow(expect.objectContaining({ code }));
});
