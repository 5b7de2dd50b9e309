import type { ResponseRecord } from '@highball/async-worker';
import type { Environ } from '@highball/gateway-protocol';
import type { TaskLog } from '@highball/prefork-master/worker';
import type { HookedApplication } from './worker-hooks.ts';

/** Where a request has the number of its task: no key that an application could meet. */
export const TASK: unique symbol = Symbol('highball.task');

type Noted = Environ & { [TASK]?: number };

/** Notes each request from its begin to its end, for the master's log should this process block. */
export function noteTasks(
  hooked: HookedApplication,
  tasks: Pick<TaskLog, 'begin' | 'end'>,
): HookedApplication {
  return {
    context: hooked.context,
    app(environ: Noted, startResponse) {
      environ[TASK] = tasks.begin(`${environ.REQUEST_METHOD} ${environ.RAW_URI ?? environ.PATH_INFO}`);
      return hooked.app(environ, startResponse);
    },
    onResponse(record: ResponseRecord) {
      const task = (record.environ as Noted)[TASK];
      if (task !== undefined) tasks.end(task);
      hooked.onResponse?.(record);
    },
  };
}
