import { DiscoveryError } from '../errors.ts';
import type { PeerOptions } from '../peer.ts';
import type { Discovered, Source } from './source.ts';

/** Peers that are known beforehand. */
export function staticSource(peers: readonly PeerOptions[]): Source {
  return { find: () => ({ peers }) };
}

/** What a function finds: a list, or a list with its TTL. It is given up after `timeoutMs` (default 10 seconds). */
export function functionSource(
  find: (signal: AbortSignal) => Promise<Discovered | readonly PeerOptions[]>,
  { timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {},
): Source {
  return {
    async find() {
      const signal = AbortSignal.timeout(timeoutMs);
      const found = await Promise.race([find(signal), rejection(signal, timeoutMs)]);
      return 'peers' in found ? found : { peers: found };
    },
  };
}

function rejection(signal: AbortSignal, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const problem = `the source found nothing within ${timeoutMs} ms`;
    const onAbort = (): void => reject(new DiscoveryError('SOURCE_FAILED', problem));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
