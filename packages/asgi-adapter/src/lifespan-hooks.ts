import type { AsgiReceive, AsgiSend } from '@highball/gateway-protocol';

/** What a call-shaped application does at the ends of its life. */
export interface LifespanHooks {
  /** Awaited before the first request; what it throws stops the server from starting. */
  startup?: () => void | Promise<void>;
  /** Awaited after the last request. */
  shutdown?: () => void | Promise<void>;
}

/** Speaks lifespan for an application that knows nothing of it (ASGI Lifespan spec). */
export async function runLifespan(hooks: LifespanHooks, receive: AsgiReceive, send: AsgiSend): Promise<void> {
  for (;;) {
    const { type } = await receive();
    if (type !== 'lifespan.startup' && type !== 'lifespan.shutdown') continue;
    const phase = type === 'lifespan.startup' ? 'startup' : 'shutdown';
    try {
      await hooks[phase]?.();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await send({ type: `${type}.failed`, message });
      throw error;
    }
    await send({ type: `${type}.complete` });
    if (phase === 'shutdown') return;
  }
}
