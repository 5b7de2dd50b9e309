// How many of a browser's requests a second, beside llhttp driven from JavaScript with the fields delivered: such that
// differ from the one before in one byte of a cookie, so that each is read, and such that repeat its fields. And how
// fast bodies go through, beside copying them. Rounds alternate; medians and their ratio are printed.
// Run: npm run bench -w packages/http-parser
import { RequestParser } from '../src/index.ts';

const REQUEST = Buffer.from(
  [
    'GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1',
    'Host: www.kittyhell.com',
    'User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: ja,en-us;q=0.7,en;q=0.3',
    'Accept-Encoding: gzip, deflate, br',
    'Connection: keep-alive',
    'Referer: https://www.kittyhell.com/2010/03/',
    'Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx',
    '\r\n',
  ].join('\r\n'),
);
/** The same with another cookie. */
const OTHER = Buffer.from(REQUEST);
OTHER[OTHER.indexOf('visits=2') + 7] = 0x33;
const ROUNDS = 7;
const REQUESTS = 200_000;
const CHUNK = Buffer.alloc(65_536, 'x');
const CHUNKS = 20_000;

interface Binding {
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number;
  [callback: number]: unknown;
}
interface HttpCommon {
  HTTPParser: (new () => Binding) & Record<string, number>;
}

/** llhttp as node:http drives it: the fields arrive in one call. Not a public module: used here only. */
function llhttp(): (() => void) | undefined {
  const load = process.getBuiltinModule as (name: string) => HttpCommon | undefined;
  const common = load('_http_common');
  if (common === undefined) return undefined;
  const { HTTPParser } = common;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser['REQUEST'] as number, {});
  parser[HTTPParser['kOnHeadersComplete'] as number] = (_major: number, _minor: number, fields: string[]) => {
    seen += fields.length;
    return 0;
  };
  return () => {
    if (parser.execute(REQUEST) !== REQUEST.length) throw new Error('llhttp did not parse the request');
  };
}

let seen = 0;
const parser = new RequestParser({
  onHead: ({ fields }) => void (seen += fields.length),
  onBody: () => undefined,
  onEnd: () => undefined,
});

function rate(count: number, act: () => void): number {
  const begun = performance.now();
  for (let i = 0; i < count; i++) act();
  return (count / (performance.now() - begun)) * 1000;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

const peer = llhttp();
const ours: number[] = [];
const repeated: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  let i = 0;
  ours.push(rate(REQUESTS, () => parser.push(i++ & 1 ? OTHER : REQUEST)));
  repeated.push(rate(REQUESTS, () => parser.push(REQUEST)));
  if (peer) theirs.push(rate(REQUESTS, peer));
}
const print = (what: string, value: number, unit: string): void =>
  console.log(`${what.padEnd(28)} ${value.toFixed(2)} ${unit}`);
console.log(`Node ${process.version}, a request of ${REQUEST.length} bytes, medians of ${ROUNDS} rounds`);
print('this parser', median(ours) / 1000, 'thousand requests/s');
print('the same, fields repeated', median(repeated) / 1000, 'thousand requests/s');
if (peer) {
  print('llhttp from JavaScript', median(theirs) / 1000, 'thousand requests/s');
  print('ratio', median(ours) / median(theirs), '');
  print('ratio, fields repeated', median(repeated) / median(theirs), '');
} else console.log('llhttp cannot be reached in this Node');

const bodies: number[] = [];
const copies: number[] = [];
const target = Buffer.alloc(CHUNK.length);
for (let round = 0; round < ROUNDS; round++) {
  const body = new RequestParser({
    onHead: () => undefined,
    onBody: (chunk) => void (seen += chunk.length),
    onEnd: () => undefined,
  });
  body.push(Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${CHUNK.length * CHUNKS}\r\n\r\n`));
  bodies.push((rate(CHUNKS, () => body.push(CHUNK)) * CHUNK.length) / 1e9);
  copies.push((rate(CHUNKS, () => void CHUNK.copy(target)) * CHUNK.length) / 1e9);
}
print('bodies', median(bodies), 'GB/s handed on');
print('copying the same', median(copies), 'GB/s');
if (seen === 0) throw new Error('nothing was parsed');
