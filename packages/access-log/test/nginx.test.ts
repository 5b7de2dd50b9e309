import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import {
  exchange,
  findPeer,
  freePort,
  missingPeers,
  nginxArguments,
  Program,
  temporaryFolder,
} from '@highball/testkit';
import { expect, test } from 'vitest';
import { accessLog } from '../src/index.ts';

const FORMAT =
  '"$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$remote_user" "$host" "$args" "$arg_x" ' +
  '"$is_args" "$request_uri" "$cookie_a" "$scheme" "$server_protocol" "$request_method" "$https" "$request_completion" ' +
  '"$sent_http_content_type" "$content_length" "$http_x_none" "$http_x_empty"';

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: Example.COM:81\r\nUser-Agent: a "quoted" \\ agent\r\nReferer: http://e/\r\n',
  'GET /?x=1&y=%22 HTTP/1.1\r\nHost: h\r\nUser-Agent: t\tab \xe4\xff\r\nCookie: b=2; a=3\r\n',
  'GET /"q"?x= HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\nX-Empty:\r\n',
  'HEAD /? HTTP/1.1\r\nHost: h\r\nUser-Agent:\r\n',
  'POST /p HTTP/1.0\r\nContent-Length: 2\r\n',
].map((head) => (head.startsWith('POST') ? `${head}\r\nab` : `${head}Connection: close\r\n\r\n`));

test('our lines are those of nginx, for requests that try to break them', async (context) => {
  const missing = missingPeers('nginx');
  context.skip(missing !== undefined, missing);
  await using folder = await temporaryFolder();
  const theirs = join(folder.path, 'nginx.log');
  const port = await freePort();
  const args = await nginxArguments(
    folder.path,
    `log_format x '${FORMAT}'; default_type text/plain; server_tokens off;
     server { listen 127.0.0.1:${port}; server_name 127.0.0.1; access_log ${theirs} x; location / { return 200 "hello"; } }`,
  );
  await using nginx = new Program(findPeer('nginx') as string, args);
  for (;;) {
    try {
      await exchange(port, 'HEAD /up HTTP/1.0\r\n\r\n');
      break;
    } catch (error) {
      if (nginx.child.exitCode !== null) throw new Error(nginx.output, { cause: error });
    }
  }
  const ours: string[] = [];
  const log = accessLog({ format: FORMAT, to: (line) => ours.push(line) });
  const worker = createWorker(
    (_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']]);
      return ['hello'];
    },
    { onResponse: log.onResponse },
  );
  const { port: own } = await worker.listen({ port: 0 });
  for (const request of REQUESTS) {
    await exchange(port, request);
    await exchange(own as number, request);
  }
  await worker.close();
  await nginx.stop();
  const [, ...expected] = (await readFile(theirs, 'latin1')).trimEnd().split('\n');
  expect(ours).toEqual(expected);
});
