import { loadPino } from './deferred-log.ts';

/**
 * Loads all that a worker may come to need, whatever its configuration says: for one that is about to become another
 * user. What is installed below root's home it could not read any more.
 */
export async function loadAllParts(): Promise<void> {
  loadPino();
  await Promise.all([
    import('@highball/access-log'),
    import('@highball/asgi-adapter'),
    import('@highball/cgi'),
    import('@highball/compression'),
    import('@highball/error-pages'),
    import('@highball/fetch-adapter'),
    import('@highball/forward-proxy'),
    import('@highball/http-cache'),
    import('@highball/limits'),
    import('@highball/node-adapter'),
    import('@highball/static-cache'),
    import('@highball/thread-pool'),
    import('./config-schema.ts'),
    import('./keeper-worker.ts'),
    import('./site/trace.ts'),
    import('./upstream/check-servers.ts'),
    import('./upstream/group.ts'),
    import('./upstream/load.ts'),
  ]);
}
