import type { HeaderField, HeaderList } from '@highball/gateway-protocol';
import type { AnswerHead } from './exchange.ts';
import type { PeerLoad, ResolvedOptions } from './options.ts';
import { connectionNames, HOP_BY_HOP, joinVia, reasonPhrase } from '@highball/http-semantics';

/** What an upstream says to the proxy, and not to the client (nginx's X-Accel-*). */
export interface AccelFields {
  /** X-Accel-Redirect: the path of what is to be sent instead. */
  readonly redirect: string | undefined;
  /** X-Accel-Buffering: false for `no`. */
  readonly buffering: boolean;
}

/** The fields of a response, sorted out. */
export interface SortedFields extends AccelFields {
  /** As `start_response` takes it. */
  readonly status: string;
  /** Perhaps those of other answers, too: who changes one puts another pair in a list of its own. */
  readonly fields: readonly HeaderField[];
  readonly location: string | undefined;
  readonly cookies: boolean;
  readonly eventStream: boolean;
  /** What the peer has told of its load. */
  readonly load: PeerLoad | undefined;
}

/** By the minor version of HTTP/1; of HTTP/2 there is none. */
const PROTOCOLS = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2'] as const;

/** What becomes of a name; what is not in the table is passed on. */
const KIND = { drop: 1, via: 2, accel: 3, location: 4, cookie: 5, type: 6, length: 7 } as const;

const MAX_NAMES = 2048;
const kinds = new Map<string, number>();

/** Remembered by the name as it is spelled: servers say the same few names all the time. */
function kindOf(name: string): number {
  let kind = kinds.get(name);
  if (kind !== undefined) return kind;
  const lower = name.toLowerCase();
  // Server would tell what stands behind; the one in front names itself.
  if (HOP_BY_HOP.has(lower) || lower === 'server') kind = KIND.drop;
  else if (lower === 'via') kind = KIND.via;
  else if (lower.startsWith('x-accel-')) kind = KIND.accel;
  else if (lower === 'location') kind = KIND.location;
  else if (lower === 'set-cookie') kind = KIND.cookie;
  else if (lower === 'content-type') kind = KIND.type;
  else if (lower === 'content-length') kind = KIND.length;
  else kind = 0;
  if (kinds.size >= MAX_NAMES) kinds.clear();
  kinds.set(name, kind);
  return kind;
}

/** Whether a field is not for this hop alone. @param name - as it is spelled. */
export function isForClients(name: string): boolean {
  const kind = kindOf(name);
  return kind !== KIND.drop && kind !== KIND.accel && kind !== KIND.via;
}

/**
 * The fields of a response to the client, from the upstream's flat list, in its order; Via with this hop, unless it has
 * no name.
 */
export function responseFields(
  head: Pick<AnswerHead, 'status' | 'reason' | 'fields' | 'minorVersion'>,
  { viaName, takeLoad }: Pick<ResolvedOptions, 'viaName' | 'takeLoad'>,
): SortedFields {
  const flat = head.fields;
  const dropped = connectionNames(valueOf(flat, 'connection'));
  const fields: HeaderList = [];
  let via: string | undefined;
  let redirect: string | undefined;
  let buffering = true;
  let location: string | undefined;
  let cookies = false;
  let eventStream = false;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    const kind = kindOf(name);
    if (kind === KIND.drop || (dropped.size > 0 && dropped.has(name.toLowerCase()))) continue;
    if (kind === KIND.via) {
      via = via === undefined ? value : `${via}, ${value}`;
      continue;
    }
    if (kind === KIND.accel) {
      const lower = name.toLowerCase();
      if (lower === 'x-accel-redirect') redirect = value;
      else if (lower === 'x-accel-buffering') buffering = value.toLowerCase() !== 'no';
      continue;
    }
    // RFC 9110 §8.6: these have no body, and no length.
    if (kind === KIND.length && (head.status === 204 || head.status < 200)) continue;
    if (kind === KIND.location) location = value;
    else if (kind === KIND.cookie) cookies = true;
    else if (kind === KIND.type) eventStream = value.startsWith('text/event-stream');
    fields.push([name, value]);
  }
  const load = takeLoad?.(fields);
  if (viaName !== '') fields.push(['Via', joinVia(via, PROTOCOLS[head.minorVersion ?? 2], viaName)]);
  // Some upstreams give no reason, as PHP-FPM for codes that it does not know; start_response wants one.
  const reason = head.reason === '' ? (reasonPhrase(head.status) ?? 'Unknown') : head.reason;
  const status = `${head.status} ${reason}`;
  return { status, fields, redirect, buffering, location, cookies, eventStream, load };
}

/** The values of a field, joined; the name in lower case. */
export function valueOf(flat: readonly string[], wanted: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    joined = joined === undefined ? flat[i + 1] : `${joined},${flat[i + 1]}`;
  }
  return joined;
}
