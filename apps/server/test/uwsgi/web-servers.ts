import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPeer, freePort, nginxArguments, Program, RawClient } from '@highball/testkit';

/** Answers by path, and tells of what it got. */
export const APP = `
const pattern = '0123456789abcdef';
export const app = async (environ, start) => {
  const [, name, argument] = environ.PATH_INFO.split('/');
  if (name === 'bytes') return start('200 OK', []), [pattern.repeat(argument / 16)];
  if (name === 'stream') {
    start('200 OK', []);
    return (async function* () { for (let i = 0; i < argument; i++) yield 'piece ' + i + '\\n'; })();
  }
  if (name === 'etag') {
    const fresh = environ.HTTP_IF_NONE_MATCH === '"abc"';
    return start(fresh ? '304 Not Modified' : '200 OK', [['ETag', '"abc"']]), fresh ? [] : ['tagged'];
  }
  if (name === 'range') {
    const [, from, to] = /^bytes=(\\d+)-(\\d+)$/.exec(environ.HTTP_RANGE);
    start('206 Partial Content', [['Content-Range', 'bytes ' + from + '-' + to + '/16']]);
    return [pattern.slice(+from, +to + 1)];
  }
  if (name === 'cookies') {
    start('200 OK', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']]);
    return [environ.HTTP_COOKIE];
  }
  if (name === 'wait') {
    const signal = environ['highball.signal']();
    console.error('waiting');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    console.error('given up: ' + signal.reason.code);
    return start('200 OK', []), [];
  }
  if (name === 'broken') {
    start('200 OK', []);
    return (async function* () { yield 'half'; throw new Error('no more'); })();
  }
  let length = 0;
  for await (const chunk of environ['wsgi.input']) length += chunk.length;
  start('200 OK', [['Content-Type', 'application/json']]);
  const keys = Object.keys(environ).filter((key) => typeof environ[key] === 'string');
  return [JSON.stringify({ length, pid: process.pid, ...Object.fromEntries(keys.map((key) => [key, environ[key]])) })];
};`;

/** A web server in front, with a port of its own, and one for clients that a PROXY header names. */
export interface WebServer extends AsyncDisposable {
  readonly port: number;
  readonly introducedPort: number;
}

/** Where the workers listen: a port, or the path of a Unix socket. */
export type Workers = number | string;

/** Starts nginx with `uwsgi_pass`. */
export async function startNginx(folder: string, workers: Workers): Promise<WebServer> {
  const [port, introducedPort] = [await freePort(), await freePort()];
  const pass = `include /etc/nginx/uwsgi_params;
      uwsgi_pass ${typeof workers === 'number' ? `127.0.0.1:${workers}` : `unix:${workers}`};`;
  const http = `server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${introducedPort} proxy_protocol;
    set_real_ip_from 127.0.0.1;
    real_ip_header proxy_protocol;
    client_max_body_size 64m;
    location / {
      ${pass}
    }
    location /mounted/ {
      ${pass}
      uwsgi_param SCRIPT_NAME /mounted;
    }
    location /rewritten/ {
      rewrite ^/rewritten/(.*) /inside/$1 break;
      ${pass}
      uwsgi_param REMOTE_USER ann;
    }
  }`;
  const args = await nginxArguments(folder, http);
  return serving(new Program(findPeer('nginx') as string, args), { port, introducedPort });
}

/** Starts Apache with mod_proxy_uwsgi. */
export async function startApache(folder: string, workers: Workers): Promise<WebServer> {
  const [port, introducedPort] = [await freePort(), await freePort()];
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_uwsgi', 'remoteip'];
  const to =
    typeof workers === 'number' ? `uwsgi://127.0.0.1:${workers}/` : `unix:${workers}|uwsgi://localhost/`;
  const config = `
ServerRoot ${folder}
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache.log
ServerName localhost
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${introducedPort}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
User www-data
Group www-data
ProxyPass / ${to}
<VirtualHost *:${introducedPort}>
  RemoteIPProxyProtocol On
  ProxyPass / ${to}
</VirtualHost>`;
  await writeFile(join(folder, 'apache.conf'), config);
  const args = ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'];
  return serving(new Program(findPeer('apache2') as string, args), { port, introducedPort });
}

async function serving(
  program: Program,
  ports: { port: number; introducedPort: number },
): Promise<WebServer> {
  for (let left = 200; ; left--) {
    const client = await RawClient.connect(ports.port).catch(() => undefined);
    client?.destroy();
    if (client !== undefined) break;
    if (left === 0) throw new Error(`does not listen:\n${program.output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { ...ports, [Symbol.asyncDispose]: () => program.stop() };
}
