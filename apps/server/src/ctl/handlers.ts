import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, type CommandHandlers, InvalidArgumentsError } from '@highball/control-socket';
import * as v from 'valibot';
import type { Stack } from '../stack.ts';
import { collectStatus } from './collect-status.ts';
import type { ServerCommands, ServerStatus } from './types.ts';

/** What commands do that is not the stack's alone. */
export interface ServiceActions {
  reload(): Promise<void>;
  /** Resolves with the pid of the new master when this one has stopped. */
  upgrade(): Promise<number>;
  reopenLogs(): void;
  /** Begins to stop. */
  stop(graceful: boolean): void;
}

const pid = v.pipe(v.number(), v.integer(), v.minValue(1));
const scale = v.strictObject({
  workers: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1024)),
  pool: v.optional(v.string(), 'front'),
});
const recycle = v.strictObject({ pid });
const stop = v.optional(v.strictObject({ quick: v.optional(v.boolean(), false) }), {});
const drainServer = v.strictObject({
  upstream: v.string(),
  server: v.string(),
  undo: v.optional(v.boolean(), false),
});
const purge = v.strictObject({
  target: v.union([
    v.strictObject({ url: v.string() }),
    v.strictObject({ prefix: v.string() }),
    v.strictObject({ tag: v.string() }),
    v.strictObject({ all: v.literal(true) }),
  ]),
  soft: v.optional(v.boolean(), false),
});
const watch = v.optional(
  v.strictObject({
    intervalMs: v.optional(v.pipe(v.number(), v.minValue(100), v.maxValue(3_600_000)), 1000),
  }),
  {},
);

/** The commands of a server. */
export function createHandlers(stack: Stack, actions: ServiceActions): CommandHandlers<ServerCommands> {
  return {
    status: () => collectStatus(stack),
    watch: (args, call) => statuses(stack, check(watch, args, 'intervalMs is 100 or more').intervalMs, call),
    async reload() {
      await actions.reload();
      return { generation: stack.front.master.status().generation };
    },
    async scale(args) {
      const { workers, pool } = check(scale, args, 'workers is a whole number from 0 to 1024');
      // Another command may have overtaken this one.
      return { pool, workers: await stack.scale(workers, pool) };
    },
    async recycle(args) {
      const wanted = check(recycle, args, 'pid is the number of a worker process');
      await stack.recycle(wanted.pid);
      return wanted;
    },
    async drain() {
      await stack.retire();
      return { drained: true };
    },
    stop(args) {
      const { quick } = check(stop, args, 'quick is true or false');
      // After the answer: the end of the socket would overtake it.
      setImmediate(() => actions.stop(!quick));
      return { pid: process.pid };
    },
    upgrade: () => upgrade(stack, actions),
    async 'drain-server'(args) {
      const { upstream, server, undo } = check(drainServer, args, 'upstream and server are texts');
      const workers = await stack.frontCommands.drainServer(upstream, server, !undo);
      return { upstream, server, draining: !undo, workers };
    },
    purge(args) {
      const { target, soft } = check(purge, args, 'target is a url, a prefix, a tag or all');
      return stack.frontCommands.purge(target, soft);
    },
    'reopen-logs'() {
      actions.reopenLogs();
      return { reopened: true };
    },
  };
}

/** Answers when the new master serves: by the time that this one has stopped there is nobody left to answer. */
async function upgrade(stack: Stack, actions: ServiceActions): Promise<{ pid: number; oldPid: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { master } = stack.front;
  master.once('upgradeReady', resolve);
  try {
    actions.upgrade().catch(reject);
    return { pid: await promise, oldPid: process.pid };
  } finally {
    master.off('upgradeReady', resolve);
  }
}

async function* statuses(stack: Stack, intervalMs: number, { signal }: Call): AsyncGenerator<ServerStatus> {
  while (!signal.aborted) {
    yield collectStatus(stack);
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function check<Schema extends v.GenericSchema>(
  schema: Schema,
  args: unknown,
  expects: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, args);
  if (result.success) return result.output;
  throw new InvalidArgumentsError(`${expects}, not ${JSON.stringify(args)}`);
}
