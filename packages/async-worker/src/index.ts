export type { ListeningAddress, ListenTarget } from './acceptor.ts';
export type { Clock } from './clock.ts';
export { ApplicationError, AsyncWorkerError, RequestError, WorkerOptionError } from './errors.ts';
export type { ApplicationErrorCode, RequestErrorCode } from './errors.ts';
export type { Log } from './log.ts';
export type { ResponseRecord, WorkerOptions } from './options.ts';
export type { CurrentRequest, WorkerStats } from './stats.ts';
export { createWorker } from './worker.ts';
export type { Worker } from './worker.ts';
