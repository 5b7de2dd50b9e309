import {
  encodeCgiHead,
  encodeFastCgiEnd,
  FastCgiRequestParser,
  frameStderr,
  frameStdout,
  ScgiRequestParser,
  UwsgiRequestParser,
  variable,
  type Variables,
} from '@highball/cgi-protocols';
import {
  exchange,
  freePort,
  PHP_FPM,
  Program,
  RawClient,
  startPhpFpm,
  temporaryFolder,
} from '@highball/testkit';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startProxy } from './support.ts';

const get = (path: string, fields = '', method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n${fields}\r\n`;

/** What came as a request, and a way to answer it. */
type Answer = (request: { variables: Variables; body: string; socket: Socket; count: number }) => void;

/** A server of one of the protocols over a raw socket. */
async function startServer(
  protocol: 'uwsgi' | 'scgi' | 'fastcgi',
  answer: Answer,
): Promise<{ url: string; connections: number; [Symbol.asyncDispose](): Promise<void> }> {
  const sockets: Socket[] = [];
  let count = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let variables: Variables = [];
    let body = '';
    const handler = {
      onVariables: (list: Variables) => void (variables = list),
      onBody: (chunk: Uint8Array) => void (body += Buffer.from(chunk).toString()),
      onEnd: () => answer({ variables, body, socket, count: ++count }),
    };
    const parser =
      protocol === 'uwsgi'
        ? new UwsgiRequestParser(handler)
        : protocol === 'scgi'
          ? new ScgiRequestParser(handler)
          : new FastCgiRequestParser({
              onRequest: (_, list) => {
                variables = list;
                body = '';
              },
              onStdin: (_, chunk) => handler.onBody(chunk),
              onStdinEnd: (id) => {
                answer({ variables, body, socket, count: ++count });
                (parser as FastCgiRequestParser).ended(id);
              },
              onAbort: () => undefined,
              onReply: (bytes) => socket.write(bytes),
            });
    socket.on('data', (bytes) => parser.push(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return sockets.length;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const describeRequest = ({ variables, body }: { variables: Variables; body: string }): string =>
  `${variable(variables, 'REQUEST_METHOD')} ${variable(variables, 'PATH_INFO')} ${body}`;

describe.each(['uwsgi', 'scgi'] as const)('%s', (protocol) => {
  const head = (status: string, fields: [string, string][] = []): Buffer =>
    encodeCgiHead(status, fields, protocol === 'uwsgi' ? 'line' : 'field');

  test('a request and its answer', async () => {
    await using upstream = await startServer(protocol, (request) => {
      request.socket.write(head('201 Created', [['Content-Type', 'text/plain'], ['Server', 'secret']])); // prettier-ignore
      request.socket.end(describeRequest(request));
    });
    await using proxy = await startProxy([upstream.url]);
    const answer = await exchange(proxy.port, `${get('/a%20b?c', 'Content-Length: 4\r\n', 'POST')}body`);
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toContain('POST /a b body');
    expect(answer).not.toContain('secret');
  });

  test('a body without a length is collected first', async () => {
    await using upstream = await startServer(protocol, (request) => {
      request.socket.write(head('200 OK'));
      request.socket.end(`${describeRequest(request)} ${variable(request.variables, 'CONTENT_LENGTH')}`);
    });
    await using proxy = await startProxy([upstream.url]);
    const chunks = '2\r\nsp\r\n3\r\nlit\r\n0\r\n\r\n';
    expect(await exchange(proxy.port, get('/', 'Transfer-Encoding: chunked\r\n', 'POST') + chunks)).toContain(
      'POST / split 5',
    );
  });

  test('an answer shorter than its length is cut', async () => {
    await using upstream = await startServer(protocol, ({ socket }) => {
      socket.end(Buffer.concat([head('200 OK', [['Content-Length', '100']]), Buffer.from('half')]));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).toMatch(/Content-Length: 100\r\n[^]*half$|^HTTP\/1\.1 502 /);
    expect(proxy.log.join()).toContain('INCOMPLETE');
  });

  const hostile = [
    'Status: 200 OK\r\nX: a\rSet-Cookie: evil\r\n\r\n',
    'Status: 200 OK\r\nX: a\0\r\n\r\n',
    'Status: 200 OK\r\nX: a\r\n folded\r\n\r\n',
    'Status: 200 OK\r\nX : a\r\n\r\n',
    'Status: 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi',
    'Status: 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    'Status: 101 Switching Protocols\r\n\r\n',
    'Status: 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ];

  test.each(['', 'nonsense\r\n\r\n', 'Status: 200 OK\r\n', ...hostile])(
    'an answer that is none, %j: 502',
    async (text) => {
      await using upstream = await startServer(protocol, ({ socket }) => void socket.end(text));
      await using proxy = await startProxy([upstream.url]);
      expect(await exchange(proxy.port, get('/', 'Content-Length: 0\r\n', 'POST'))).toMatch(
        /^HTTP\/1\.1 502 /,
      );
    },
  );

  test.each(['204 No Content', '304 Not Modified'])(
    '%s has no body, whatever stands there',
    async (status) => {
      await using upstream = await startServer(protocol, ({ socket }) => {
        socket.end(Buffer.concat([head(status), Buffer.from('evil')]));
      });
      await using proxy = await startProxy([upstream.url]);
      expect(await exchange(proxy.port, get('/'))).toMatch(/\r\n\r\n$/);
    },
  );

  test('what stands behind the length is left out', async () => {
    await using upstream = await startServer(protocol, ({ socket }) => {
      socket.end(
        Buffer.concat([head('200 OK', [['Content-Length', '4']]), Buffer.from('goodHTTP/1.1 200 evil')]),
      );
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/\r\n\r\ngood$/);
  });
});

describe('fastcgi', () => {
  const answer = (text: string): Buffer =>
    Buffer.concat([
      ...frameStdout(1, Buffer.from(`Content-Type: text/plain\r\n\r\n${text}`)),
      encodeFastCgiEnd(1),
    ]);

  test('requests over one kept connection; what the program complains about is logged', async () => {
    await using upstream = await startServer('fastcgi', (request) => {
      request.socket.write(Buffer.concat(frameStderr(1, Buffer.from('PHP Warning: oh\n'))));
      request.socket.write(answer(`${describeRequest(request)} ${request.count}`));
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/a'))).toMatch(/GET \/a {2}1$/);
    expect(await exchange(proxy.port, `${get('/b', 'Content-Length: 2\r\n', 'POST')}hi`)).toMatch(
      /POST \/b hi 2$/,
    );
    expect(upstream.connections).toBe(1);
    expect(proxy.log).toContain('PHP Warning: oh');
  });

  test('an answer whose end never comes is cut', async () => {
    await using upstream = await startServer('fastcgi', ({ socket }) => {
      socket.end(Buffer.concat(frameStdout(1, Buffer.from('Content-Type: a\r\n\r\nhalf'))));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    expect(proxy.log.join()).toContain('inside its answer');
  });

  test('a server that is overloaded: 502', async () => {
    await using upstream = await startServer('fastcgi', ({ socket }) => {
      socket.write(encodeFastCgiEnd(1, { appStatus: 0, protocolStatus: 2 }));
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 502 /);
  });
});

const uwsgi = '/usr/bin/uwsgi-core';

test.skipIf(!existsSync(uwsgi))('uWSGI with Flask (needs uwsgi-plugin-python3, python3-flask)', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'hello.py');
  await writeFile(
    file,
    `from flask import Flask, request
application = Flask(__name__)
@application.route("/hello/<name>", methods=["GET", "POST"])
def hello(name):
    return f"Hello, {name}! {request.method} {request.args.get('q')} {request.get_data(as_text=True)} {request.remote_addr} {request.host}"
@application.route("/large")
def large():
    return "x" * 1000000
`,
  );
  const port = await freePort();
  await using server = new Program(uwsgi, [
    '--plugin', 'python3', '--socket', `127.0.0.1:${port}`, '--wsgi-file', file, '--die-on-term', '--need-app',
  ]); // prettier-ignore
  await server.until(/WSGI app 0 .* ready|spawned uWSGI/);
  await using proxy = await startProxy([`uwsgi://127.0.0.1:${port}`]);
  expect(await exchange(proxy.port, get('/hello/%C3%A4?q=1'))).toContain(
    Buffer.from('Hello, ä! GET 1  127.0.0.1 site.example').toString('latin1'),
  );
  const body = `${get('/hello/b', 'Content-Length: 4\r\n', 'POST')}body`;
  expect(await exchange(proxy.port, body)).toContain('Hello, b! POST None body');
  expect(await exchange(proxy.port, get('/none'))).toMatch(/^HTTP\/1\.1 404 NOT FOUND\r\n/);
  expect((await exchange(proxy.port, get('/large'))).match(/x{1000000}/)).not.toBeNull();
});

test.skipIf(!existsSync(PHP_FPM))('PHP-FPM (needs php8.2-fpm)', async () => {
  await using folder = await temporaryFolder();
  const { program, port } = await startPhpFpm(folder.path);
  await using server = program;
  await writeFile(
    join(folder.path, 'index.php'),
    `<?php
header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
if (isset($_GET['status'])) http_response_code((int) $_GET['status']);
echo 'path=', $_SERVER['PATH_INFO'] ?? '', ' q=', $_GET['q'] ?? '', ' body=', file_get_contents('php://input'), ' host=', $_SERVER['HTTP_HOST'];
`,
  );
  await using proxy = await startProxy([`fastcgi://127.0.0.1:${port}`], { documentRoot: folder.path });
  const ready = async (): Promise<string> => exchange(proxy.port, get('/index.php'));
  await expect.poll(ready, { timeout: 10_000, message: server.output }).toMatch(/200 OK/);
  for (let i = 0; i < 3; i++) {
    const answer = await exchange(
      proxy.port,
      `${get('/index.php/a/b?q=1', 'Content-Length: 4\r\n', 'POST')}body`,
    );
    expect(answer).toContain('path=/a/b q=1 body=body host=site.example');
    expect(answer).toContain('X-Method: POST\r\n');
  }
  expect(await exchange(proxy.port, get('/index.php?status=418'))).toMatch(/^HTTP\/1\.1 418 /);
  expect(await exchange(proxy.port, get('/none.php'))).toMatch(/^HTTP\/1\.1 404 /);
});
