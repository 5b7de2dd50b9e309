/**
 * The test runner hands its condition `import` on to Node, where it then counts for `require` too: CommonJS packages
 * that require is-promise (Express) or ws (socket.io, @fastify/websocket) get an ES module's namespace and cannot
 * call it. This gives them the CommonJS files. To be imported before them; without the runner it changes nothing.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
/** What a package, reached through others, has for a name. */
const resolve = (...names: string[]): string =>
  names.reduce((from, name) => createRequire(from).resolve(name), import.meta.filename);

const paths = [
  resolve('express', 'router', 'is-promise'),
  resolve('ws'),
  resolve('socket.io', 'engine.io', 'ws'),
  resolve('socket.io-client', 'engine.io-client', 'ws'),
];
for (const path of paths.filter((found) => found.endsWith('.mjs'))) {
  require(path);
  const cached = require.cache[path];
  if (cached !== undefined) cached.exports = require(join(dirname(path), 'index.js'));
}
