/**
 * What the application costs by itself: it is called with an environ as the server packs it, without a server. Paths
 * are strings of their own for each call, as those of a parser are: their hash is not known yet.
 *
 *     node -C @highball/source packages/static-cache/bench/calls.ts [rounds]
 */
import { emptyInput, type Environ, type ResponseBody } from '@highball/gateway-protocol';
import { staticCache } from '@highball/static-cache';
import { temporaryFolder } from '@highball/testkit';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [rounds = 5] = process.argv.slice(2).map(Number);
const CALLS = 300_000;

await using folder = await temporaryFolder();
await mkdir(join(folder.path, 'a folder'));
for (const [name, size] of Object.entries({ '1k.html': 1024, '1m.html': 1_048_576, 'a folder/ü.html': 10 })) {
  await writeFile(join(folder.path, name), Buffer.alloc(size, 'x'));
}
const app = staticCache(folder.path, { validMs: 1e9 });
let etag = '';
const CASES: Record<string, [path: string, fields?: () => Record<string, string>, minorVersion?: 0]> = {
  '1 KB': ['/1k.html'],
  '304': ['/1k.html', () => ({ HTTP_IF_NONE_MATCH: etag })],
  '1 KB, HTTP/1.0': ['/1k.html', () => ({}), 0],
  '1 MB': ['/1m.html'],
  'a range of 1 MB': ['/1m.html', () => ({ HTTP_RANGE: 'bytes=1000-1999' })],
  'an encoded path': ['/a%20folder/%C3%BC.html'],
  'a folder': ['/'],
  missing: ['/missing.html'],
};

const rows: Record<string, object> = {};
for (const [name, [path, fields = () => ({}), minorVersion]] of Object.entries(CASES)) {
  // Once to read the file, and once more for its tag.
  for (let i = 0; i < 2; i++) await call(environOf(path, {}, minorVersion));
  const more = fields();
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const environs = Array.from({ length: CALLS / 10 }, () => environOf(path, more, minorVersion));
    const begun = process.hrtime.bigint();
    for (const environ of environs) {
      const body = call(environ);
      if (body instanceof Promise) await body;
    }
    times.push(Number(process.hrtime.bigint() - begun) / environs.length);
  }
  // The first round warms up.
  rows[name] = { 'ns a call': Math.round(times.slice(1).toSorted((a, b) => a - b)[rounds >> 1] as number) };
}
console.table(rows);

function call(environ: Environ): ResponseBody | Promise<ResponseBody> {
  return app(environ, (_status, headers) => {
    etag = headers[0]?.[1] as string;
    return () => undefined;
  });
}

function environOf(path: string, fields: Record<string, string>, minorVersion = 1): Environ {
  const target = Buffer.from(path).toString('latin1');
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: path.includes('%') ? Buffer.from(decodeURIComponent(path)).toString('latin1') : target,
    QUERY_STRING: '',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: `HTTP/1.${minorVersion}`,
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '1',
    RAW_URI: target,
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': emptyInput,
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.input_terminated': true,
    HTTP_HOST: 'localhost',
    HTTP_USER_AGENT: 'bench',
    HTTP_ACCEPT: '*/*',
    HTTP_ACCEPT_ENCODING: 'gzip, deflate, br, zstd',
    HTTP_ACCEPT_LANGUAGE: 'en',
    HTTP_COOKIE: 'session=1',
    HTTP_SEC_FETCH_DEST: 'document',
    HTTP_UPGRADE_INSECURE_REQUESTS: '1',
    ...fields,
  } as Environ;
}
