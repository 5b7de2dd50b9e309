import type { Benchmark } from '../benchmark.ts';
import { highballProxy, highballStatic, run, serve } from '../servers/highball.ts';
import { nginxBefore, nginxProxy, nginxStatic, nginxUpstream } from '../servers/nginx.ts';
import { bun, gunicorn, haproxy, node } from '../servers/others.ts';
import { throughput } from '../throughput.ts';

/** A path of the length that pages have. */
const PAGE = '/articles/2026/11/highball?utm_source=newsletter';

const hello = throughput({
  name: 'hello',
  work: 'hello, `highball serve`',
  paths: [PAGE],
  contenders: [
    serve('hello.ts:app'),
    node('node:http', 'hello-node.ts'),
    gunicorn('gunicorn gthread', 'hello:app'),
    bun,
  ],
  targets: {
    'node:http': { target: 1.3 },
    'gunicorn gthread': { target: 10, aim: 20 },
    'Bun.serve': { aim: 1 },
  },
});

/** The fields of a request that repeat those before it cost less to read: here they never do. */
const cookies = throughput({
  name: 'cookies',
  work: 'hello, another cookie in each request',
  paths: [PAGE],
  cookies: true,
  contenders: [serve('hello.ts:app'), node('node:http', 'hello-node.ts')],
  targets: { 'node:http': { target: 1.3 } },
});

/** The cost of the command around the worker: settings, master, heartbeat. */
const command = throughput({
  name: 'command',
  work: 'hello, `highball serve`',
  paths: [PAGE],
  contenders: [serve('hello.ts:app'), node('the worker package alone', 'hello-worker.ts')],
  targets: { 'the worker package alone': { aim: 1 } },
});

const express = throughput({
  name: 'express',
  work: 'Express, `highball serve`',
  paths: [PAGE],
  contenders: [serve('hello-express.ts'), node('Express on node:http', 'hello-express.ts')],
  targets: { 'Express on node:http': { target: 0.95, aim: 1.1 } },
});

function files(name: string, work: string, path: string, target: number, aim: number): Benchmark {
  return throughput({
    name: `static-${name}`,
    work,
    paths: [path],
    conditional: name === '304',
    contenders: [highballStatic, nginxStatic],
    targets: { nginx: { target, aim } },
  });
}

const proxy = throughput({
  name: 'proxy',
  work: 'reverse proxy, `highball proxy`',
  paths: [PAGE],
  contenders: [highballProxy, nginxProxy, haproxy],
  targets: { nginx: { target: 0.8, aim: 1 }, HAProxy: { target: 0.9, aim: 1.1 } },
  upstream: nginxUpstream,
});

const STACKS = [
  nginxBefore('nginx → node:http', node('', 'page-node.ts')),
  nginxBefore('nginx → gunicorn, Flask', gunicorn('', 'page:app', ['flask'])),
];
const VISIT = { paths: ['/articles/highball', '/static/10k.html', '/static/1k.html'] };
const STACK_TARGETS = {
  'nginx → node:http': { target: 1.3, aim: 2 },
  'nginx → gunicorn, Flask': { target: 5, aim: 10 },
};

const stack = throughput({
  ...VISIT,
  name: 'stack',
  work: 'a page and two files, `highball run`',
  contenders: [run('highball run', 'stack.config.ts'), ...STACKS],
  targets: STACK_TARGETS,
});

const stackInFront = throughput({
  ...VISIT,
  name: 'stack-in-front',
  work: 'a page and two files, one process',
  contenders: [run('highball run, one process', 'stack-in-front.config.ts'), ...STACKS],
  targets: STACK_TARGETS,
});

/** What is compared by requests a second. */
export const throughputs: readonly Benchmark[] = [
  hello,
  cookies,
  command,
  express,
  files('1k', 'file of 1 KB, `highball static`', '/1k.html', 1, 1.2),
  files('10k', 'file of 10 KB', '/10k.html', 1, 1.2),
  files('1m', 'file of 1 MB', '/1m.html', 1.2, 1.8),
  files('304', '304 for a file', '/1k.html', 1, 1.2),
  proxy,
  stack,
  stackInFront,
];
