import type { Answer } from './answer.ts';
import { MODIFIED, PLAIN } from './site.ts';

/** What a server said about two of its files beforehand, so that probes can refer to it. */
export interface Facts {
  readonly port: number;
  /** The entity tag of /a.txt, or one that it has not. */
  readonly etag: string;
  /** The entity tag of /packed.js without a coding. */
  readonly packedEtag: string;
}

/** One question, and whether an answer is right. */
export interface Probe {
  readonly group: string;
  readonly name: string;
  /** A coding that the server must have been made for; those that were not are not asked. */
  readonly needs?: 'gzip' | 'br' | undefined;
  request(facts: Facts): string;
  isRight(answer: Answer, facts: Facts): boolean;
}

type Fields = Record<string, string>;
type Check = (answer: Answer, facts: Facts) => boolean;

const DATE = MODIFIED.toUTCString();
const EARLIER = 'Mon, 01 Jan 2024 00:00:00 GMT';
const LATER = 'Wed, 03 Jan 2024 00:00:00 GMT';

function message(method: string, target: string, fields: Fields, version = '1.1'): string {
  const lines = Object.entries({ Host: 'example.com', Connection: 'close', ...fields });
  return `${method} ${target} HTTP/${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const probes: Probe[] = [];
let group = '';

function probe(
  name: string,
  [method, target]: readonly [string, string],
  fields: Fields | ((facts: Facts) => Fields),
  isRight: Check,
  needs?: 'gzip' | 'br',
): void {
  const request = (facts: Facts): string =>
    message(method, target, typeof fields === 'function' ? fields(facts) : fields);
  probes.push({ group, name, needs, request, isRight });
}

const get = (target: string): readonly ['GET', string] => ['GET', target];
const A = get('/a.txt');
const PACKED = get('/packed.js');

const whole: Check = ({ status, body }) => status === 200 && body === '0123456789';
const status =
  (...expected: number[]): Check =>
  (answer) =>
    expected.includes(answer.status);
const part =
  (body: string, range: string): Check =>
  (answer) =>
    answer.status === 206 && answer.body === body && answer.header('content-range') === range;
const type =
  (pattern: RegExp): Check =>
  (answer) =>
    answer.status === 200 && pattern.test(answer.header('content-type') ?? '');
const coded =
  (coding: string | undefined): Check =>
  (answer) =>
    answer.status === 200 && answer.header('content-encoding') === coding;
/** 4xx, at once, and nothing of what is not to be seen. */
const refused: Check = ({ status: code, body }) => code >= 400 && code < 500 && !body.includes('secret');

group = 'Files';
probe(
  'GET has the body, and its length',
  A,
  {},
  (a, f) => whole(a, f) && a.header('content-length') === '10',
);
probe(
  'HEAD has the length, and no body',
  ['HEAD', '/a.txt'],
  {},
  (a) => a.status === 200 && a.header('content-length') === '10' && a.body === '',
);
probe('text has its charset', get('/page.html'), {}, type(/^text\/html; *charset=utf-8$/i));
probe('scripts are text/javascript', get('/app.js'), {}, type(/^text\/javascript\b/));
probe('SVG', get('/logo.svg'), {}, type(/^image\/svg\+xml/));
probe('WebAssembly', get('/module.wasm'), {}, type(/^application\/wasm$/));
probe(
  'an unknown ending is no text',
  get('/data.unheard-of'),
  {},
  (a) => a.status === 200 && !(a.header('content-type') ?? '').startsWith('text'),
);
probe('an empty file', get('/empty.txt'), {}, (a) => a.status === 200 && a.header('content-length') === '0');
probe('%20 in a name', get('/a%20b.txt'), {}, ({ body }) => body === 'space');
probe('UTF-8 in a name', get('/%C3%A9.txt'), {}, ({ body }) => body === 'accent');
probe('the query is no part of the name', get('/a.txt?v=%2f..%2f'), {}, whole);
probe('nosniff', A, {}, (a) => a.header('x-content-type-options') === 'nosniff');
probe('Accept-Ranges', A, {}, (a) => a.header('accept-ranges') === 'bytes');
probe('caches are told a rule', A, {}, (a) => a.header('cache-control') !== undefined);
probe('what is missing is 404', get('/nothing.txt'), {}, status(404));

group = 'Methods';
probe(
  'POST is 405 with Allow',
  ['POST', '/a.txt'],
  { 'Content-Length': '0' },
  (a) => a.status === 405 && /GET/.test(a.header('allow') ?? ''),
);
probe(
  'PUT is 405 with Allow',
  ['PUT', '/a.txt'],
  { 'Content-Length': '0' },
  (a) => a.status === 405 && /GET/.test(a.header('allow') ?? ''),
);
probe(
  'DELETE is 405 with Allow',
  ['DELETE', '/a.txt'],
  {},
  (a) => a.status === 405 && /GET/.test(a.header('allow') ?? ''),
);
probe(
  'OPTIONS says what is allowed',
  ['OPTIONS', '/a.txt'],
  {},
  (a) => [200, 204].includes(a.status) && /GET.*HEAD/.test(a.header('allow') ?? ''),
);

group = 'Validators';
probe('a strong ETag', A, {}, (a) => /^"[^"]+"$/.test(a.header('etag') ?? ''));
probe('Last-Modified is the file’s time', A, {}, (a) => a.header('last-modified') === DATE);
probe(
  'another ETag for each coding',
  PACKED,
  { 'Accept-Encoding': 'gzip' },
  (a, f) =>
    a.header('content-encoding') === 'gzip' &&
    a.header('etag') !== undefined &&
    a.header('etag') !== f.packedEtag,
  'gzip',
);

group = 'Conditions';
const tag = (field: string, make: (etag: string) => string) => (facts: Facts) => ({
  [field]: make(facts.etag),
});
const bare = (etag: string): string => etag.replace(/^W\//, '');
probe(
  'If-None-Match',
  A,
  tag('If-None-Match', (etag) => etag),
  status(304),
);
probe(
  'If-None-Match, a list',
  A,
  tag('If-None-Match', (etag) => `"x", ${etag}`),
  status(304),
);
probe('If-None-Match: *', A, { 'If-None-Match': '*' }, status(304));
probe(
  'If-None-Match compares weakly',
  A,
  tag('If-None-Match', (etag) => `W/${bare(etag)}`),
  status(304),
);
probe('If-None-Match with another tag', A, { 'If-None-Match': '"x"' }, whole);
probe(
  'If-None-Match with the tag inside of another',
  A,
  tag('If-None-Match', (etag) => `"x${bare(etag).slice(1, -1)}"`),
  whole,
);
probe(
  'If-None-Match beats If-Modified-Since',
  A,
  { 'If-None-Match': '"x"', 'If-Modified-Since': LATER },
  whole,
);
probe(
  'If-None-Match on HEAD',
  ['HEAD', '/a.txt'],
  tag('If-None-Match', (etag) => etag),
  status(304),
);
probe(
  '304 has the ETag, and no body',
  A,
  tag('If-None-Match', (etag) => etag),
  (a, f) => a.status === 304 && bare(a.header('etag') ?? '') === bare(f.etag) && a.body === '',
);
probe(
  '304 has Cache-Control',
  A,
  tag('If-None-Match', (etag) => etag),
  (a) => a.status === 304 && a.header('cache-control') !== undefined,
);
probe(
  '304 has Vary',
  PACKED,
  (f) => ({ 'If-None-Match': f.packedEtag }),
  (a) => a.status === 304 && /accept-encoding/i.test(a.header('vary') ?? ''),
  'gzip',
);
probe('If-Modified-Since, the same time', A, { 'If-Modified-Since': DATE }, status(304));
probe('If-Modified-Since, a later one', A, { 'If-Modified-Since': LATER }, status(304));
probe('If-Modified-Since, an earlier one', A, { 'If-Modified-Since': EARLIER }, whole);
probe(
  'If-Modified-Since in the form of RFC 850',
  A,
  { 'If-Modified-Since': 'Wednesday, 03-Jan-24 00:00:00 GMT' },
  status(304),
);
probe(
  'If-Modified-Since in the form of asctime',
  A,
  { 'If-Modified-Since': 'Wed Jan  3 00:00:00 2024' },
  status(304),
);
probe('If-Modified-Since that is no date', A, { 'If-Modified-Since': '2124' }, whole);
probe(
  'If-Match',
  A,
  tag('If-Match', (etag) => etag),
  (a, f) => (f.etag.startsWith('W/') ? a.status === 412 : whole(a, f)),
);
probe('If-Match: *', A, { 'If-Match': '*' }, whole);
probe('If-Match with another tag', A, { 'If-Match': '"x"' }, status(412));
probe(
  'If-Match compares strongly',
  A,
  tag('If-Match', (etag) => `W/${bare(etag)}`),
  status(412),
);
probe('If-Unmodified-Since, an earlier time', A, { 'If-Unmodified-Since': EARLIER }, status(412));
probe('If-Unmodified-Since, the same time', A, { 'If-Unmodified-Since': DATE }, whole);
probe('If-Match beats If-Unmodified-Since', A, { 'If-Match': '*', 'If-Unmodified-Since': EARLIER }, whole);
probe('what is missing has no conditions', get('/nothing.txt'), { 'If-None-Match': '*' }, status(404));

group = 'Ranges';
const range = (value: string): Fields => ({ Range: value });
probe('0-0', A, range('bytes=0-0'), part('0', 'bytes 0-0/10'));
probe('2-4', A, range('bytes=2-4'), part('234', 'bytes 2-4/10'));
probe('5-', A, range('bytes=5-'), part('56789', 'bytes 5-9/10'));
probe('-5', A, range('bytes=-5'), part('56789', 'bytes 5-9/10'));
probe('8-100 is cut at the end', A, range('bytes=8-100'), part('89', 'bytes 8-9/10'));
probe(
  '-100 is all of it',
  A,
  range('bytes=-100'),
  (a) => [200, 206].includes(a.status) && a.body === '0123456789',
);
probe(
  '10- is 416 with the length',
  A,
  range('bytes=10-'),
  (a) => a.status === 416 && a.header('content-range') === 'bytes */10',
);
probe('-0 is 416', A, range('bytes=-0'), status(416));
probe('5-2 is ignored, or 416', A, range('bytes=5-2'), (a, f) => a.status === 416 || whole(a, f));
probe('another unit is ignored', A, range('items=0-5'), whole);
probe('what is none is ignored', A, range('bytes=a-b'), (a, f) => a.status === 416 || whole(a, f));
probe(
  'two ranges come as parts',
  get('/large.bin'),
  range('bytes=0-1,1000-1001'),
  (a) =>
    a.status === 206 &&
    (a.header('content-type') ?? '').startsWith('multipart/byteranges; boundary=') &&
    a.body.includes('bytes 0-1/300000') &&
    a.body.includes('bytes 1000-1001/300000'),
);
probe(
  'ranges that overlap come as one',
  get('/large.bin'),
  range('bytes=0-99,50-199'),
  part('x'.repeat(200), 'bytes 0-199/300000'),
);
probe(
  'many ranges cost no more than the file',
  get('/large.bin'),
  range(`bytes=${Array.from({ length: 200 }, () => '0-').join(',')}`),
  (a) => a.status === 416 || ([200, 206].includes(a.status) && a.body.length <= 310_000),
);
probe(
  'HEAD has no ranges (RFC 9110 §14.2)',
  ['HEAD', '/a.txt'],
  range('bytes=0-1'),
  (a) => a.status === 200 && a.header('content-length') === '10',
);
probe(
  '206 has the validators',
  A,
  range('bytes=0-1'),
  (a) => a.status === 206 && a.header('etag') !== undefined && a.header('last-modified') === DATE,
);
probe(
  'If-None-Match goes before Range',
  A,
  (f) => ({ ...range('bytes=0-1'), 'If-None-Match': f.etag }),
  status(304),
);
probe(
  'If-Range with the strong tag',
  A,
  (f) => ({ ...range('bytes=0-1'), 'If-Range': f.etag }),
  (a, f) => (f.etag.startsWith('W/') ? whole(a, f) : a.status === 206),
);
probe(
  'If-Range with a weak tag',
  A,
  (f) => ({ ...range('bytes=0-1'), 'If-Range': `W/${bare(f.etag)}` }),
  whole,
);
probe('If-Range with another tag', A, { ...range('bytes=0-1'), 'If-Range': '"x"' }, whole);
probe('If-Range with the exact date', A, { ...range('bytes=0-1'), 'If-Range': DATE }, status(206));
probe('If-Range with a later date', A, { ...range('bytes=0-1'), 'If-Range': LATER }, whole);

group = 'Codings';
const accept = (value: string): Fields => ({ 'Accept-Encoding': value });
probe('gzip', PACKED, accept('gzip'), (a, f) => coded('gzip')(a, f) && a.body === 'gzip bytes', 'gzip');
probe(
  'br before gzip',
  PACKED,
  accept('gzip, deflate, br, zstd'),
  (a, f) => coded('br')(a, f) && a.body === 'brotli bytes',
  'br',
);
probe(
  'gzip;q=0 refuses',
  PACKED,
  accept('gzip;q=0'),
  (a, f) => coded(undefined)(a, f) && a.body === PLAIN,
  'gzip',
);
probe('gzip;q=0.9 before br;q=0.5', PACKED, accept('br;q=0.5, gzip;q=0.9'), coded('gzip'), 'br');
probe('identity before gzip;q=0.5', PACKED, accept('identity, gzip;q=0.5'), coded(undefined), 'gzip');
probe('GZIP is gzip', PACKED, accept('GZIP'), coded('gzip'), 'gzip');
probe('*;q=0 refuses', PACKED, accept('*;q=0'), coded(undefined), 'gzip');
probe(
  'the type is that of the file',
  PACKED,
  accept('gzip'),
  type(/^(text|application)\/javascript/),
  'gzip',
);
probe('Vary', PACKED, accept('gzip'), (a) => /accept-encoding/i.test(a.header('vary') ?? ''), 'gzip');
probe(
  'Vary without a coding, too',
  PACKED,
  {},
  (a) => /accept-encoding/i.test(a.header('vary') ?? ''),
  'gzip',
);
probe(
  'a range is one of the coded bytes',
  PACKED,
  { ...accept('gzip'), ...range('bytes=0-3') },
  (a) => a.status === 206 && a.body === 'gzip' && a.header('content-encoding') === 'gzip',
  'gzip',
);

group = 'Folders';
const location = (a: Answer): string => a.header('location') ?? '';
const redirects = (a: Answer): boolean => [301, 302, 307, 308].includes(a.status);
const leadsTo = (a: Answer, from: string): string => {
  const url = URL.parse(location(a), `http://example.com${from}`);
  return url === null ? '' : `${url.host}${url.pathname}${url.search}`;
};
probe('with its slash the index', get('/docs/'), {}, ({ body }) => body === '<p>docs');
probe('the root', get('/'), {}, ({ body }) => body === '<p>home');
probe(
  'without its slash a redirect',
  get('/docs'),
  {},
  (a) => redirects(a) && leadsTo(a, '/docs') === 'example.com/docs/',
);
probe(
  'the redirect keeps the query',
  get('/docs?a=b'),
  {},
  (a) => redirects(a) && leadsTo(a, '/docs') === 'example.com/docs/?a=b',
);
probe('the redirect keeps the method (307, 308)', get('/docs'), {}, status(307, 308));
probe(
  '//docs leads to no other host',
  get('//docs'),
  {},
  (a) => !redirects(a) || leadsTo(a, '/') === 'example.com/docs/',
);
probe(
  '//evil.example/.. leads to no other host',
  get('//evil.example/..%2f..%2fdocs'),
  {},
  (a) => !redirects(a) || leadsTo(a, '/').startsWith('example.com/'),
);
probe('without an index it is refused', get('/nothing-here/'), {}, status(403, 404));
probe('a file is no folder', get('/a.txt/'), {}, status(404));

group = 'Paths';
probe('%00', get('/a.txt%00.html'), {}, refused);
probe('%zz', get('/%zz'), {}, refused);
probe('/../', get('/../outside.txt'), {}, refused);
probe('%2e%2e/', get('/%2e%2e/outside.txt'), {}, refused);
probe('..%2f', get('/..%2foutside.txt'), {}, refused);
probe('..%5c', get('/..%5coutside.txt'), {}, refused);
probe('..\\', get('/..\\outside.txt'), {}, refused);
probe('docs%2findex.html is another name', get('/docs%2findex.html'), {}, refused);
probe('%c0%ae (overlong UTF-8)', get('/%c0%ae%c0%ae/outside.txt'), {}, refused);
probe('%252e%252e is decoded once', get('/%252e%252e/outside.txt'), {}, refused);
probe('a name of 5000 bytes', get(`/${'a'.repeat(5000)}`), {}, refused);
probe('.env', get('/.env'), {}, refused);
probe('.git/config', get('/.git/config'), {}, refused);
probe('.well-known is served', get('/.well-known/security.txt'), {}, ({ body }) => body === 'contact');
probe('a link that leaves the root', get('/leaving.txt'), {}, refused);
probe('a link that stays', get('/staying.txt'), {}, whole);
probe('a pipe does not block', get('/pipe'), {}, refused);

export { probes };
