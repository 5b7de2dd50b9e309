import { defineConfig } from 'highball';

/** Static files, and the application in the front's own process. */
export default defineConfig({
  workers: 1,
  workerConnections: 4096,
  routes: [{ path: '/static/*file', static: './files', prefix: '/static' }, { app: './page.ts:app' }],
});
