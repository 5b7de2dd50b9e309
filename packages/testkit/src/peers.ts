import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that some tests measure against or drive, and where Debian keeps them. */
const packages = {
  ab: 'apache2-utils',
  apache2: 'apache2',
  caddy: 'caddy',
  chromium: 'chromium',
  curl: 'curl',
  dnsmasq: 'dnsmasq-base',
  gunicorn: 'gunicorn',
  haproxy: 'haproxy',
  nginx: 'nginx-light',
  openssl: 'openssl',
  ps: 'procps',
  python3: 'python3',
  slowhttptest: 'slowhttptest',
  'systemd-notify': 'systemd',
  wrk: 'wrk',
} as const;

export type Peer = keyof typeof packages;

/** The path of a program, or undefined where it is not installed. */
export function findPeer(name: Peer): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Why a test cannot run here: the reason to skip it with, or undefined where every peer is there. */
export function missingPeers(...names: Peer[]): string | undefined {
  const missing = names.filter((name) => findPeer(name) === undefined);
  if (missing.length === 0) return undefined;
  const install = missing.map((name) => packages[name]).join(' ');
  return `needs ${missing.join(', ')} (Debian: apt-get install ${install})`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
