import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, workspaces } from './workspaces.ts';

/**
 * The layers of the architecture, from the ground up. A package imports only from layers below its own; a new
 * package gets its line here.
 */
const layers = [
  [
    'http-parser',
    'http-semantics',
    'ip-networks',
    'direct-writes',
    'gateway-protocol',
    'balancer',
    'prefork-master',
    'control-socket',
    'daemon',
    'cgi-protocols',
  ],
  [
    'environ',
    'static-cache',
    'reverse-proxy',
    'rewrite',
    'router',
    'websocket',
    'cgi',
    'gateway-validator',
    'thread-pool',
    'compression',
    'error-pages',
    'limits',
    'access-log',
    'http-cache',
    'forward-proxy',
  ],
  ['asgi-adapter', 'node-adapter', 'fetch-adapter'],
  ['async-worker'],
  ['server'],
  ['demo-app'],
] as const;

const layerOf = new Map<string, number>(layers.flatMap((names, layer) => names.map((name) => [name, layer])));
const nameOf = new Map(workspaces.map(({ name, manifest }) => [manifest.name, name]));

/** What a file imports, types included. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const statements = source.matchAll(/(?:^|\s)(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]/g);
  const bare = source.matchAll(/(?:^|\s)import\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...statements, ...bare].map(([, specifier = '']) => specifier);
}

function sourcesOf(folder: string, parts = '{src,bin}'): string[] {
  return globSync(`${folder}/${parts}/**/*.{ts,js}`, { cwd: root });
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const layered = workspaces.filter(({ name }) => name !== 'testkit');

test('every package has its place in the layers', () => {
  expect(layered.map(({ name }) => name).toSorted()).toEqual([...layerOf.keys()].toSorted());
});

describe.each(layered)('$name', ({ folder, name, manifest }) => {
  const files = sourcesOf(folder);
  const imports = files.flatMap((file) => importsOf(file).map((specifier) => ({ file, specifier })));

  test('has sources', () => {
    expect(files).not.toEqual([]);
  });

  test('imports only from the layers below', () => {
    const upward = imports.filter(({ specifier }) => {
      const sibling = nameOf.get(packageOf(specifier));
      return sibling !== undefined && (layerOf.get(sibling) ?? Infinity) >= (layerOf.get(name) as number);
    });
    expect(upward).toEqual([]);
  });

  test('never reaches into the sources of another package', () => {
    const reaching = imports.filter(
      ({ file, specifier }) =>
        (specifier.startsWith('.') && !join(file, '..', specifier).startsWith(`${folder}/`)) ||
        /^(@highball\/[^/]+|highball)\/(src|dist)\b/.test(specifier),
    );
    expect(reaching).toEqual([]);
  });

  test('declares what it imports', () => {
    const used = imports
      .map(({ specifier }) => specifier)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map(packageOf);
    const declared = Object.keys(manifest.dependencies ?? {});
    expect([...new Set(used)].filter((dependency) => !declared.includes(dependency))).toEqual([]);
  });
});

test('protocol packages open no socket and start no timer', () => {
  const pure = ['http-parser', 'http-semantics', 'ip-networks', 'environ', 'balancer', 'gateway-protocol'];
  const impure = pure.flatMap((name) =>
    sourcesOf(`packages/${name}`).filter((file) =>
      importsOf(file).some((specifier) =>
        /^node:(https?|tls|dgram|cluster|child_process|timers)/.test(specifier),
      ),
    ),
  );
  expect(impure).toEqual([]);
});
