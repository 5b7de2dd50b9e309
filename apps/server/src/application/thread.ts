import type { InterfaceName } from '@highball/gateway-protocol';
import { serveThread } from '@highball/thread-pool/thread';
import { loadApplication } from '../load-application.ts';
import { Lifecycle } from './lifecycle.ts';

/** What a thread is told. */
export interface ThreadPlan {
  /** `MODULE[:EXPORT]`. */
  readonly spec: string;
  readonly folder: string;
  readonly interface: InterfaceName | 'auto';
}

/** A thread of the worker class `threads`: loads the application and runs it for the worker's event loop. */
export async function runThread(): Promise<void> {
  const lifecycle = new Lifecycle();
  const load = (data: unknown): ReturnType<typeof loadApplication> => {
    const { spec, folder, interface: shape } = data as ThreadPlan;
    return loadApplication(spec, folder, { interface: shape, lifecycle });
  };
  await serveThread(load, { onStop: () => lifecycle.stop(true, (error) => console.error(error)) });
}
