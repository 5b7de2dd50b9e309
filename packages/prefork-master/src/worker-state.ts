/** The life of one worker process. */
export type WorkerState =
  /** Started, not yet ready. */
  | 'booting'
  /** In service. */
  | 'ready'
  /** Replaced, finishing its work; what its clients hold open may live on for long. */
  | 'retired'
  /** Told to stop, finishing its work. */
  | 'stopping'
  /** Silent for too long: was sent ABRT. */
  | 'aborting'
  /** Was sent KILL. */
  | 'killed'
  /** Has exited. */
  | 'gone';

export type WorkerEvent = 'ready' | 'retire' | 'stop' | 'abort' | 'kill' | 'exit';

/** What leads where. A worker may say `ready` at any time before its end: only while booting it changes anything. */
const transitions: Record<WorkerState, Partial<Record<WorkerEvent, WorkerState>>> = {
  booting: { ready: 'ready', stop: 'stopping', kill: 'killed', exit: 'gone' },
  ready: { ready: 'ready', retire: 'retired', stop: 'stopping', abort: 'aborting', exit: 'gone' },
  retired: { ready: 'retired', stop: 'stopping', abort: 'aborting', exit: 'gone' },
  stopping: { ready: 'stopping', stop: 'stopping', kill: 'killed', exit: 'gone' },
  aborting: { ready: 'aborting', stop: 'aborting', kill: 'killed', exit: 'gone' },
  killed: { ready: 'killed', stop: 'killed', exit: 'gone' },
  gone: { stop: 'gone' },
};

/** The state after an event. @throws where the table has no entry: a defect of the master. */
export function nextState(state: WorkerState, event: WorkerEvent): WorkerState {
  const next = transitions[state][event];
  if (next === undefined) throw new Error(`a worker that is ${state} cannot ${event}`);
  return next;
}
