// Runs before a package is packed, in its folder: what is packed without its build cannot be imported by anybody. It
// looks and does not build, so that packing all packages takes no longer for it.
import { existsSync, globSync, readFileSync } from 'node:fs';

const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string };
const wanted = globSync('src/**/*.ts').flatMap((source) => {
  const output = source.replace(/^src/, 'dist').replace(/\.ts$/, '');
  return [`${output}.js`, `${output}.d.ts`];
});
const missing = wanted.find((file) => !existsSync(file));
if (missing !== undefined) {
  console.error(`${name} is not built: there is no ${missing}; run npm run build at the root, then pack`);
  process.exitCode = 1;
}
