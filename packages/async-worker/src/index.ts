export type { Logger, ResponseRecord, WorkerOptions } from './options.ts';
export { createWorker } from './worker.ts';
export type { ListenTarget, Worker, WorkerStats } from './worker.ts';
