import { defineConfig } from 'highball';

/** Static files, and the application in worker processes behind the front. */
export default defineConfig({
  workers: 1,
  workerConnections: 4096,
  upstreams: { site: { app: './page.ts:app' } },
  routes: [{ path: '/static/*file', static: './files', prefix: '/static' }, { proxy: 'site' }],
});
