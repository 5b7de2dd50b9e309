import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import { exchange, findPeer, freePort, missingPeers, Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { accessLog } from '../src/index.ts';

// All that is the same in two servers at two moments.
const FORMAT =
  '%(h)s %(l)s %(u)s "%(r)s" %(s)s %(m)s "%(U)s" "%(q)s" %(H)s %(b)s %(B)s "%(f)s" "%(a)s" %(T)s ' +
  '"%({host}i)s" "%({x-none}i)s" "%({x-answer}o)s" "%({x-none}o)s" "%({wsgi.url_scheme}e)s" "%({none}e)s"';

const APP = `
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5'), ('X-Answer', 'yes')])
    return [b'hello']
`;

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: Example.COM:81\r\nUser-Agent: probe/1.0\r\nReferer: http://e/\r\n',
  'GET /a%20b/c?x=1&y=%22 HTTP/1.1\r\nHost: h\r\n',
  'GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n',
  'POST /p HTTP/1.0\r\nHost: h\r\nContent-Length: 0\r\n',
].map((head) => `${head}Connection: close\r\n\r\n`);

test('our lines are those of gunicorn', async (context) => {
  const missing = missingPeers('gunicorn', 'python3');
  context.skip(missing !== undefined, missing);
  await using folder = await temporaryFolder();
  const theirs = join(folder.path, 'gunicorn.log');
  const port = await freePort();
  await writeFile(join(folder.path, 'hello.py'), APP);
  await using gunicorn = new Program(
    findPeer('gunicorn') as string,
    [
      '--bind', `127.0.0.1:${port}`, '--workers', '1', '--access-logfile', theirs,
      '--access-logformat', FORMAT, '--worker-tmp-dir', folder.path, 'hello:app',
    ], // prettier-ignore
    { cwd: folder.path },
  );
  await gunicorn.until(/Booting worker/);
  const ours: string[] = [];
  const log = accessLog({ format: FORMAT, to: (line) => ours.push(line) });
  const worker = createWorker(
    (_environ, startResponse) => {
      startResponse('200 OK', [
        ['Content-Type', 'text/plain'],
        ['X-Answer', 'yes'],
      ]);
      return ['hello'];
    },
    { onResponse: log.onResponse },
  );
  const address = await worker.listen({ port: 0 });
  for (const request of REQUESTS) {
    await exchange(port, request);
    await exchange(address.port as number, request);
  }
  await worker.close();
  await gunicorn.stop();
  expect(ours).toEqual((await readFile(theirs, 'latin1')).trimEnd().split('\n'));
});
