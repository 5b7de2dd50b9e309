import type { PurgeTarget } from '@highball/http-cache';
import type { DrainedServers } from './drained.ts';
import type { SiteCaches } from './site/caches.ts';
import type { Upstreams } from './site/upstreams.ts';

/** What a master asks the workers of its front. */
export type WorkerQuestion =
  | {
      readonly kind: 'drain-server';
      readonly upstream: string;
      readonly server: string;
      readonly draining: boolean;
    }
  /** All that are drained, and no other: for a worker that was started before the last command. */
  | { readonly kind: 'drained'; readonly drained: DrainedServers }
  | {
      readonly kind: 'purge';
      readonly target: PurgeTarget;
      readonly soft: boolean;
      /** The worker that looks on the disk, which all of them share. */
      readonly diskPid: number | undefined;
    };

/** What a worker answers to each. */
export interface WorkerAnswers {
  'drain-server': { readonly known: boolean };
  drained: Record<string, never>;
  purge: { readonly caches: number; readonly memory: number; readonly disk: number };
}

/** What of a worker is asked about. */
export interface Questioned {
  readonly upstreams: Upstreams | undefined;
  readonly caches: SiteCaches;
}

/** Answers a question of the master. */
export async function answerQuestion(
  question: WorkerQuestion,
  { upstreams, caches }: Questioned,
): Promise<WorkerAnswers[WorkerQuestion['kind']]> {
  if (question.kind === 'purge') {
    const { target, soft, diskPid } = question;
    return { caches: caches.size, ...(await caches.purge(target, { soft, disk: diskPid === process.pid })) };
  }
  if (question.kind === 'drained') {
    upstreams?.drainOnly(question.drained);
    return {};
  }
  const { upstream, server, draining } = question;
  return { known: upstreams?.drain(upstream, server, draining) ?? false };
}
