import { LocalProtocolError } from './errors.ts';

/** The two sides of a connection. */
export type Role = 'client' | 'server';

/** What a side may do next. */
export type State =
  | 'idle'
  /** The server owes a response. */
  | 'send-response'
  | 'send-body'
  | 'done'
  /** The message is complete, and the connection cannot be used for another one. */
  | 'must-close'
  | 'closed'
  /** Another protocol has taken the place of HTTP. */
  | 'switched'
  /** That side has broken the protocol. */
  | 'error';

/** What makes a side go from one state to another: its own events, and what the other side or both bring about. */
export type Cause =
  | 'request'
  | 'informational-response'
  | 'response'
  | 'data'
  | 'end-of-message'
  | 'connection-closed'
  | 'request-received'
  | 'not-kept-alive'
  | 'switch'
  | 'next-cycle';

type Table = Readonly<Record<State, Readonly<Partial<Record<Cause, State>>>>>;

const ENDS = {
  'must-close': { 'connection-closed': 'closed' },
  closed: { 'connection-closed': 'closed' },
  switched: {},
  error: {},
} as const;

/** Every transition there is. What is not in the table is an error. */
const TRANSITIONS: Readonly<Record<Role, Table>> = {
  client: {
    idle: { request: 'send-body', 'connection-closed': 'closed' },
    'send-response': {},
    'send-body': { data: 'send-body', 'end-of-message': 'done' },
    done: {
      'next-cycle': 'idle',
      'not-kept-alive': 'must-close',
      switch: 'switched',
      'connection-closed': 'closed',
    },
    ...ENDS,
  },
  server: {
    // A server may answer without a request: 408, or 400 to what was none.
    idle: { 'request-received': 'send-response', response: 'send-body', 'connection-closed': 'closed' },
    'send-response': { 'informational-response': 'send-response', response: 'send-body', switch: 'switched' },
    'send-body': { data: 'send-body', 'end-of-message': 'done' },
    done: {
      'next-cycle': 'idle',
      'not-kept-alive': 'must-close',
      switch: 'switched',
      'connection-closed': 'closed',
    },
    ...ENDS,
  },
};

/**
 * The state behind a cause.
 * @throws LocalProtocolError BAD_STATE when there is no such transition.
 */
export function transition(role: Role, state: State, cause: Cause): State {
  const next = TRANSITIONS[role][state][cause];
  if (next === undefined)
    throw new LocalProtocolError('BAD_STATE', `no ${cause} of the ${role} in the state ${state}`);
  return next;
}
