// Where the command and its workers begin. The published package runs what the build made in dist/; a checkout
// of the repository has no build, so there the TypeScript sources run as they are.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (!((major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major >= 26)) {
  console.error(
    `highball: Node ${process.version} is not supported; install 22.18 or a later 22, 24.11 or a later 24, or 26 and up`,
  );
  process.exit(1);
}

/** Imports src/NAME.ts in a checkout, dist/NAME.js elsewhere. */
export function importEntry(name) {
  const checkout = new URL('../../../packages/', import.meta.url);
  if (!existsSync(checkout) || import.meta.url.includes('/node_modules/')) {
    return import(new URL(`../dist/${name}.js`, import.meta.url).href);
  }
  // Types are stripped and sources compiled once, not by each process anew: a start takes half the time. The folder is
  // as safe as the sources are.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/highball', checkout)));
  module.registerHooks({ resolve: resolveSiblings });
  return import(new URL(`../src/${name}.ts`, import.meta.url).href);
}

/** Resolves `@highball/*` and `highball` by the condition under which each package names its sources. */
function resolveSiblings(specifier, context, nextResolve) {
  const [, name, subpath] = /^(@highball\/[^/]+|highball)(\/.+)?$/.exec(specifier) ?? [];
  const manifest = name && module.findPackageJSON(name, context.parentURL);
  const exported = manifest && JSON.parse(readFileSync(manifest, 'utf8')).exports?.[`.${subpath ?? ''}`];
  const source = exported?.['@highball/source'];
  if (!source) return nextResolve(specifier, context);
  // The folder itself, not the link in node_modules: Node strips no types there.
  return { url: new URL(source, pathToFileURL(realpathSync(manifest))).href, shortCircuit: true };
}
