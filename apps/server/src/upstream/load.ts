import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ResponseRecord } from '@highball/async-worker';
import { formatLoad, LOAD_FIELD } from '@highball/balancer';
import type { Environ } from '@highball/gateway-protocol';
import type { HookedApplication } from '../worker-hooks.ts';

/** Where a request is counted as one that is under way: no key that an application could meet. */
const COUNTED: unique symbol = Symbol('highball.counted');

type Counted = Environ & { [COUNTED]?: true };

/** How often the event loop's delay is sampled, and for how long a mean of it holds. */
const RESOLUTION_MS = 10;
const HOLDS_MS = 250;
const NANOSECONDS = 1e6;

/** Tells with each answer how busy this worker is, for the balancer in front, which takes it off again. */
export function tellLoad(hooked: HookedApplication, delayMs: () => number = loopDelay()): HookedApplication {
  let active = 0;
  return {
    context: hooked.context,
    app(environ: Counted, startResponse) {
      environ[COUNTED] = true;
      active++;
      return hooked.app(environ, (status, headers, error) => {
        const load = formatLoad({ delayMs: delayMs(), queue: active - 1 });
        return startResponse(status, [...headers, [LOAD_FIELD, load]], error);
      });
    },
    onResponse(record: ResponseRecord) {
      if ((record.environ as Counted)[COUNTED]) active--;
      hooked.onResponse?.(record);
    },
  };
}

/** The mean delay of the event loop of late. */
function loopDelay(now: () => number = () => performance.now()): () => number {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let until = 0;
  let meanMs = 0;
  return () => {
    if (now() < until) return meanMs;
    until = now() + HOLDS_MS;
    // It holds whole intervals: the delay is what exceeds the resolution.
    const mean = histogram.mean / NANOSECONDS - RESOLUTION_MS;
    meanMs = mean > 0 ? mean : 0;
    histogram.reset();
    return meanMs;
  };
}
