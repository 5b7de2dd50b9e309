import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { settingNames, type Settings, settings } from '../src/settings.ts';
import { GROUPS } from '../src/settings/setting.ts';

/** For each setting: what it takes and what becomes of it, then what it refuses. */
const examples: { [Name in keyof Settings]: { takes: [unknown, Settings[Name]][]; refuses: unknown[] } } = {
  bind: {
    takes: [
      ['127.0.0.1:1,unix:/x', ['127.0.0.1:1', 'unix:/x']],
      [
        [':1', ' :2 '],
        [':1', ':2'],
      ],
    ],
    refuses: ['', [], ',', 8000, [8000]],
  },
  backlog: { takes: [['1', 1]], refuses: [0, '65536', 'many', null] },
  reusePort: {
    takes: [
      [true, true],
      ['YES', true],
      ['0', false],
      ['off', false],
    ],
    refuses: ['maybe', 1, ''],
  },
  protocol: { takes: [['uwsgi', 'uwsgi']], refuses: ['scgi', ''] },
  http2: { takes: [['no', false]], refuses: ['h2'] },
  certfile: { takes: [['site.pem', 'site.pem']], refuses: ['a\0b'] },
  keyfile: { takes: [['site.key', 'site.key']], refuses: ['a\nb'] },
  caCerts: { takes: [['ca.pem', 'ca.pem']], refuses: [1] },
  certReqs: {
    takes: [
      ['required', 'required'],
      // gunicorn's, which are Python's.
      ['0', 'none'],
      ['1', 'optional'],
      [2, 'required'],
    ],
    refuses: ['3', 'yes', ''],
  },
  ciphers: { takes: [['ECDHE+AESGCM', 'ECDHE+AESGCM']], refuses: [null] },
  tlsMinVersion: { takes: [['TLSv1.3', 'TLSv1.3']], refuses: ['TLSv1.1', 'SSLv3', '1.2'] },
  rootPath: {
    takes: [
      ['', ''],
      ['/app/v2', '/app/v2'],
    ],
    refuses: ['app', '/app/', '/', '/a b', '/a?b', '//a'],
  },
  workers: {
    takes: [
      ['auto', 'auto'],
      ['4', 4],
    ],
    refuses: ['0', '1025', '1.5', 'all'],
  },
  workerClass: { takes: [['threads', 'threads']], refuses: ['gevent', ''] },
  threads: { takes: [['8', 8]], refuses: [0, 257] },
  interface: { takes: [['asgi', 'asgi']], refuses: ['rack'] },
  workerConnections: { takes: [['10', 10]], refuses: [0, -1] },
  timeout: { takes: [['1.5', 1.5]], refuses: [0, '1s'] },
  gracefulTimeout: { takes: [[0, 0]], refuses: [-1, 86_401] },
  retireTimeout: { takes: [['86400', 86_400]], refuses: [-1, 604_801] },
  bootTimeout: { takes: [['90', 90]], refuses: [0] },
  maxRequests: { takes: [['1000', 1000]], refuses: [-1, 1.5] },
  maxRequestsJitter: { takes: [['50', 50]], refuses: [-1] },
  workerLifetime: { takes: [['3600', 3600]], refuses: [-1, 2_000_001] },
  maxWorkerMemory: {
    takes: [
      ['512M', 536_870_912],
      ['2g', 2_147_483_648],
      [1000, 1000],
    ],
    refuses: ['512 MB', '1.5G', -1, 'M'],
  },
  reload: { takes: [['on', true]], refuses: ['always'] },
  reloadExtraFiles: {
    takes: [
      [[], []],
      ['a.txt,b', ['a.txt', 'b']],
    ],
    refuses: [['']],
  },
  workersMin: { takes: [['2', 2]], refuses: [-1, 1025] },
  workersMax: { takes: [['8', 8]], refuses: [-1, 1025] },
  keepAlive: { takes: [['75', 75]], refuses: [0, '-1'] },
  headTimeout: { takes: [['5', 5]], refuses: [0, 3601] },
  bodyTimeout: { takes: [['5', 5]], refuses: [0, 3601] },
  writeTimeout: { takes: [['5', 5]], refuses: [0, 86_401] },
  writeMinRate: {
    takes: [
      ['0', 0],
      ['1000', 1000],
    ],
    refuses: [-1, 1.5],
  },
  requestTimeout: { takes: [[0, 0]], refuses: [-1] },
  limitRequestLine: { takes: [['4094', 4094]], refuses: [63, 1.5] },
  limitRequestFields: { takes: [['50', 50]], refuses: [0, 32_769] },
  limitRequestFieldSize: { takes: [['4096', 4096]], refuses: [63] },
  limitRequestBody: { takes: [['0', 0]], refuses: [-1] },
  forwardedAllowIps: {
    takes: [['10.0.0.0/8, unix', ['10.0.0.0/8', 'unix']]],
    refuses: ['', 'nonsense', '10.0.0.0/33', '10.0.0.0/8,1.2.3'],
  },
  uwsgiAllowIps: {
    takes: [['10.0.0.0/8, unix', ['10.0.0.0/8', 'unix']]],
    refuses: ['', 'localhost', '::/129'],
  },
  proxyProtocol: { takes: [['v2', 'v2']], refuses: ['v3', true] },
  proxyAllowIps: { takes: [['*', ['*']]], refuses: [[], 'unix', 'all'] },
  headerMap: { takes: [['refuse', 'refuse']], refuses: ['keep'] },
  pid: { takes: [['/run/app.pid', '/run/app.pid']], refuses: ['a\nb', 7] },
  daemon: { takes: [['1', true]], refuses: ['background'] },
  user: { takes: [['www-data', 'www-data']], refuses: ['a\0b', 33] },
  group: { takes: [['33', '33']], refuses: ['a\nb'] },
  umask: {
    takes: [
      ['027', '027'],
      [0o022, '022'],
      ['', ''],
      ['0o77', '0o77'],
    ],
    refuses: ['8', '1777', -1, 0o1000, 'u=rwx'],
  },
  chdir: { takes: [['/srv', '/srv']], refuses: ['/s\0rv'] },
  rawEnv: {
    takes: [
      ['A=1,2', ['A=1,2']],
      ['A=1\nB=', ['A=1', 'B=']],
      [[], []],
    ],
    refuses: ['A', '=1', '1A=2', 'A=\0', ['A B=1']],
  },
  procName: { takes: [['shop', 'shop']], refuses: ['', 'a\nb'] },
  controlSocket: { takes: [['/run/c', '/run/c']], refuses: ['', 'a\0b'] },
  errorLog: { takes: [['-', '-']], refuses: [''] },
  accessLog: {
    takes: [
      ['', ''],
      ['-', '-'],
      ['access.log', 'access.log'],
    ],
    refuses: [1],
  },
  accessLogFormat: {
    takes: [
      ['json', 'json'],
      ['$request $status', '$request $status'],
    ],
    refuses: [''],
  },
  logLevel: { takes: [['debug', 'debug']], refuses: ['loud'] },
  logFormat: { takes: [['json', 'json']], refuses: ['xml'] },
};

describe.each(settingNames)('%s', (name) => {
  const { schema, flag, expects, help, group, default: value } = settings[name];
  const { takes, refuses } = examples[name];

  test('takes what it should and refuses the rest', () => {
    for (const [given, result] of takes) expect(v.parse(schema, given)).toEqual(result);
    for (const given of refuses) {
      expect({ given, accepted: v.safeParse(schema as v.GenericSchema, given).success }).toEqual({
        given,
        accepted: false,
      });
    }
  });

  test('has a default that it takes itself, a flag of its name, and words for people', () => {
    expect(v.parse(schema, value)).toEqual(value);
    const dashed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(flag).toMatch(new RegExp(`^(-[a-zA-Z], )?--${dashed}( <[^>]+>)?$`));
    expect(flag.includes('<')).toBe(typeof value !== 'boolean');
    expect(help).not.toBe('');
    expect(expects).not.toBe('');
    expect(GROUPS).toContain(group);
  });
});

test('no two settings share a flag or its letter', () => {
  const names = settingNames.flatMap((name) => settings[name].flag.match(/(?<=^|\s)--?[a-zA-Z-]+/g) ?? []);
  expect(new Set(names).size).toBe(names.length);
  // These belong to every command.
  for (const taken of ['-c', '--config', '-h', '-V']) expect(names).not.toContain(taken);
});
