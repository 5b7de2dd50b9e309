import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './root.ts';

interface Peer {
  /** The command that installs it. */
  readonly install: string;
  /** Asks it for its version; the first line of the answer counts. */
  readonly version?: readonly string[];
  /** How to know that it is there, where it is no program of its own. */
  readonly probe?: readonly string[];
}

/** The package that has Bun's program; its parent `bun` would only fetch this one by an install script. */
const BUN = `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;

const debian = (name: string): string => `apt-get install ${name}`;

/** What is compared with, and what is needed for that. Nothing of it is ever installed by a run. */
const peers = {
  wrk: { install: debian('wrk'), version: ['wrk', '-v'] },
  taskset: { install: debian('util-linux') },
  nginx: { install: debian('nginx-light'), version: ['nginx', '-v'] },
  haproxy: { install: debian('haproxy'), version: ['haproxy', '-v'] },
  gunicorn: { install: debian('gunicorn'), version: ['gunicorn', '--version'] },
  flask: {
    install: debian('python3-flask'),
    version: ['/usr/bin/python3', '-W', 'ignore', '-c', 'import flask; print("Flask", flask.__version__)'],
    probe: ['/usr/bin/python3', '-c', 'import flask'],
  },
  bun: { install: `npm install --no-save ${BUN}`, version: ['bun', '--version'] },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

/** The path of a program, or undefined where it is not installed. */
export function findProgram(name: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  const modules = join(root, 'node_modules');
  const folders = [...path.split(delimiter), '/usr/sbin', join(modules, BUN, 'bin')];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The path of a program that is known to be there. */
export function programOf(name: PeerName): string {
  return findProgram(name) ?? name;
}

const known = new Map<PeerName, boolean>();

function isThere(name: PeerName): boolean {
  const { probe }: Peer = peers[name];
  if (probe === undefined) return findProgram(name) !== undefined;
  const [command = '', ...args] = probe;
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Which of these are missing. */
export function missing(names: readonly PeerName[]): PeerName[] {
  return names.filter((name) => {
    if (!known.has(name)) known.set(name, isThere(name));
    return known.get(name) === false;
  });
}

/** What is missing and the command that would install it: `needs haproxy: apt-get install haproxy`. */
export function whyMissing(names: readonly PeerName[]): string | undefined {
  const gone = missing(names);
  if (gone.length === 0) return undefined;
  return `needs ${gone.map((name) => `${name} (${peers[name].install})`).join(', ')}`;
}

/** All that can be compared with. */
export const allPeers: readonly PeerName[] = Object.keys(peers) as PeerName[];

/** Name and version of each that is there. */
export function versions(): string[] {
  return allPeers
    .filter((name) => missing([name]).length === 0)
    .map((name) => versionOf(name))
    .filter((version) => version !== undefined);
}

function versionOf(name: PeerName): string | undefined {
  const { version }: Peer = peers[name];
  if (version === undefined) return undefined;
  const [command = '', ...args] = version;
  const { stdout, stderr } = spawnSync(findProgram(command) ?? command, args, { encoding: 'utf8' });
  const number = /\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0];
  return number === undefined ? undefined : `${name === 'flask' ? 'Flask' : name} ${number}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
