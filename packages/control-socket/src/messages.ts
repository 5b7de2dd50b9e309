import type { ControlErrorCode } from './errors.ts';

/*
 * One JSON text a line, both ways. A request without an id is answered with the id null, so that
 * `echo '{"command":"status"}' | nc -U PATH` does.
 */

/** The number that a client gives a call, and finds in its answers. */
export type CallId = number | string | null;

export type Request =
  | { readonly id: CallId; readonly command: string; readonly args: unknown }
  /** The client wants no more of a stream. */
  | { readonly id: CallId; readonly cancel: true };

export type Answer = { readonly id: CallId } & (
  | { readonly result: unknown }
  | { readonly item: unknown }
  /** A stream is over. */
  | { readonly end: true }
  | { readonly error: { readonly code: ControlErrorCode; readonly message: string } }
);

/** Reads a request; undefined when the line is none. */
export function parseRequest(line: string): Request | undefined {
  const value = parseObject(line);
  const id = value?.['id'] ?? null;
  if (!value || !isCallId(id)) return undefined;
  if (value['cancel'] === true) return { id, cancel: true };
  const { command, args } = value;
  return typeof command === 'string' ? { id, command, args } : undefined;
}

/** Reads an answer; undefined when the line is none. */
export function parseAnswer(line: string): Answer | undefined {
  const value = parseObject(line);
  const known = value && ('result' in value || 'item' in value || value['end'] === true || isFailure(value));
  return known ? (value as unknown as Answer) : undefined;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCallId(id: unknown): id is CallId {
  return id === null || typeof id === 'number' || typeof id === 'string';
}

function isFailure({ error }: Record<string, unknown>): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
