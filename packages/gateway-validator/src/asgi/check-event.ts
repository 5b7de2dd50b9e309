import {
  type AsgiReceiveEvent,
  type AsgiScope,
  type AsgiSendEvent,
  isApplicationField,
} from '@highball/gateway-protocol';
import { isPair } from '../check-head.ts';
import { kindOf, type Report, show } from '../report.ts';
import { areFields } from './check-scope.ts';

/** Whether a value may stand in a field of an event. */
type Kind = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Kind>>;

const bytes: Kind = (value) => value instanceof Uint8Array;
const flag: Kind = (value) => typeof value === 'boolean';
const text: Kind = (value) => typeof value === 'string';
const whole: Kind = (value) => Number.isInteger(value);
const texts: Kind = (value) => Array.isArray(value) && value.every(text);
const optional =
  (kind: Kind): Kind =>
  (value) =>
    value === undefined || kind(value);
const nullable =
  (kind: Kind): Kind =>
  (value) =>
    value === undefined || value === null || kind(value);
const message: Shape = { text: nullable(text), bytes: nullable(bytes) };

/** The events that an application receives, by the type of its scope. */
const RECEIVED: Readonly<Record<AsgiScope['type'], Readonly<Record<string, Shape>>>> = {
  http: { 'http.request': { body: bytes, more_body: flag }, 'http.disconnect': {} },
  websocket: {
    'websocket.connect': {},
    'websocket.receive': message,
    'websocket.disconnect': { code: whole, reason: nullable(text) },
  },
  lifespan: { 'lifespan.startup': {}, 'lifespan.shutdown': {} },
};

/** The events that an application sends. Status, headers, messages and close codes have rules of their own. */
const SENT: Readonly<Record<AsgiScope['type'], Readonly<Record<string, Shape>>>> = {
  http: {
    'http.response.start': { trailers: optional(flag) },
    'http.response.body': { body: optional(bytes), more_body: optional(flag) },
    'http.response.trailers': { more_trailers: optional(flag) },
    'http.response.early_hint': { links: texts },
  },
  websocket: {
    'websocket.accept': { subprotocol: nullable(text) },
    'websocket.send': message,
    'websocket.close': { code: optional(whole), reason: nullable(text) },
    'websocket.http.response.start': {},
    'websocket.http.response.body': { body: optional(bytes), more_body: optional(flag) },
  },
  lifespan: {
    'lifespan.startup.complete': {},
    'lifespan.startup.failed': { message: optional(text) },
    'lifespan.shutdown.complete': {},
    'lifespan.shutdown.failed': { message: optional(text) },
  },
};

/** Checks the form of an event from the server; false when it has none. */
export function checkReceived(
  event: unknown,
  scope: AsgiScope['type'],
  report: Report,
): event is AsgiReceiveEvent {
  const shape = shapeOf(event, RECEIVED[scope]);
  if (shape === undefined) {
    report('RECEIVED_TYPE', `receive gave ${describe(event)} to a call about ${scope}; give one of its own`);
    return false;
  }
  checkFields(event as Readonly<Record<string, unknown>>, shape, (found) =>
    report('RECEIVED_FIELD', `receive gave ${found}`),
  );
  if (shape === message && !isMessage(event as MessageFields))
    report('RECEIVED_FIELD', 'receive gave a message without text or bytes, or with both; give one');
  return true;
}

/** Checks the form of an event from the application; false when it has none. */
export function checkSent(event: unknown, scope: AsgiScope['type'], report: Report): event is AsgiSendEvent {
  const shape = shapeOf(event, SENT[scope]);
  if (shape === undefined) {
    report('SEND_TYPE', `send got ${describe(event)} in a call about ${scope}; send one of its own`);
    return false;
  }
  const sent = event as Readonly<Record<string, unknown>>;
  checkFields(sent, shape, (found) => report('SEND_FIELD', `send got ${found}`));
  if (shape === message && !isMessage(sent))
    report('WEBSOCKET_MESSAGE', 'send got a message without text or bytes, or with both; give one');
  if (String(sent['type']).endsWith('response.start')) checkStatus(sent['status'], report);
  if (sent['type'] === 'http.response.trailers' || sent['headers'] !== undefined) checkHeaders(sent, report);
  return true;
}

function shapeOf(event: unknown, shapes: Readonly<Record<string, Shape>>): Shape | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const { type } = event as { type?: unknown };
  return typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type] : undefined;
}

function describe(event: unknown): string {
  const type = (event as { type?: unknown } | null | undefined)?.type;
  return type === undefined ? kindOf(event) : `an event of type ${show(type)}`;
}

function checkFields(
  event: Readonly<Record<string, unknown>>,
  shape: Shape,
  found: (what: string) => void,
): void {
  for (const [name, holds] of Object.entries(shape)) {
    if (!holds(event[name]))
      found(`${show(event[name])} for ${name} of ${String(event['type'])}; see its type`);
  }
}

interface MessageFields {
  readonly text?: unknown;
  readonly bytes?: unknown;
}

function isMessage({ text, bytes }: MessageFields): boolean {
  return (text ?? undefined) === undefined
    ? (bytes ?? undefined) !== undefined
    : (bytes ?? undefined) === undefined;
}

function checkStatus(status: unknown, report: Report): void {
  if (Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599) return;
  report('SEND_STATUS', `send got the status ${show(status)}; write a number from 200 to 599`);
}

function checkHeaders(sent: Readonly<Record<string, unknown>>, report: Report): void {
  const { headers } = sent;
  if (!areFields(headers)) {
    const wrong = Array.isArray(headers) ? headers.find((pair) => !areFields([pair])) : undefined;
    const mend = "write [['content-type', 'text/plain']]: pairs, names in lower case, plain values";
    report(
      'SEND_HEADERS',
      `send got the header ${JSON.stringify(wrong)} in ${String(sent['type'])}; ${mend}`,
    );
    return;
  }
  for (const [name, value] of (headers as unknown[]).filter(isPair)) {
    if (isApplicationField(name, value, Number(sent['status']))) continue;
    report('SEND_HOP_BY_HOP', `send got ${name}: ${value}; leave the connection to the server`);
  }
}
