import type { ResponseRecord } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import type { WorkerSide } from '@highball/prefork-master/worker';
import type { HookRunner, WorkerContext } from './hooks.ts';

/** An application with the hooks of its requests; without such hooks it is the application itself. */
export interface HookedApplication {
  readonly app: Application;
  readonly onResponse?: (record: ResponseRecord) => void;
  readonly context: WorkerContext;
}

/** This worker, as its hooks see it. */
export function workerContext({ id, generation }: WorkerSide, pool: string): WorkerContext {
  return { id, pool, pid: process.pid, generation };
}

/** Calls `preRequest` before the application and `postRequest` at the end of the response. */
export function hookRequests(app: Application, hooks: HookRunner, context: WorkerContext): HookedApplication {
  const hooked: Application = (environ, startResponse) => {
    hooks.start('preRequest', context, environ);
    return app(environ, startResponse);
  };
  return {
    app: hooks.has('preRequest') ? hooked : app,
    context,
    ...(hooks.has('postRequest') && {
      onResponse: ({ environ, status, bodyBytes, durationMs, complete }: ResponseRecord) =>
        hooks.start('postRequest', context, environ, { status, bodyBytes, durationMs, complete }),
    }),
  };
}
