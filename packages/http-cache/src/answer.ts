import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import type { CacheOutcome } from './cache-status.ts';
import { isNotModified, rangeApplies } from './conditional.ts';
import { DiskBody, openOf, type StoredFile } from './disk-body.ts';
import { codeOf, type StoredResponse } from './entry.ts';
import { without } from './fields.ts';
import { currentAge, type Freshness } from './freshness.ts';
import { type ByteRange, parseRange, sliceChunks } from './range.ts';
import { tellOutcome } from './tell-outcome.ts';

/** Fields that describe a body; a 304 has none (RFC 9110 §15.4.5). */
const OF_A_BODY: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-range',
]);
const LENGTH: ReadonlySet<string> = new Set(['content-length']);

/** What answers have in common. */
export interface AnswerContext {
  readonly name: string | false;
  readonly now: number;
}

/**
 * Answers a request with a stored response: all of it, a part, or 304.
 * @returns undefined, when its file is gone: nothing has been started then.
 */
export function answerStored(
  entry: StoredResponse,
  environ: Environ,
  startResponse: StartResponse,
  outcome: CacheOutcome,
  context: AnswerContext,
): ResponseBody | Promise<ResponseBody | undefined> {
  const fields = fieldsOf(entry, environ, outcome, context);
  const head = environ.REQUEST_METHOD === 'HEAD';
  if (codeOf(entry.status) === 200) {
    if (isNotModified(environ, entry.fields, context.now)) return notModified(fields, startResponse);
    if (!head && environ.HTTP_RANGE !== undefined && rangeApplies(environ, entry.fields, context.now)) {
      const range = parseRange(environ.HTTP_RANGE, entry.size);
      if (range === 'unsatisfiable') return unsatisfiable(entry.size, fields, startResponse);
      if (range !== 'ignore') return part(entry, range, fields, startResponse);
    }
  }
  const whole = { start: 0, end: entry.size - 1 };
  if (!head && entry.body.kind === 'file') {
    return fileBody(entry.body.file, whole, () => startResponse(entry.status, fields));
  }
  startResponse(entry.status, fields);
  return head || entry.body.kind === 'file' ? [] : (entry.body.chunks as Uint8Array[]);
}

function fieldsOf(
  entry: StoredResponse,
  environ: Environ,
  outcome: CacheOutcome,
  context: AnswerContext,
): HeaderList {
  const { fields, freshness, recent } = entry;
  if (!outcome.hit || outcome.detail !== undefined) {
    return agedFields(environ, fields, freshness, outcome, context);
  }
  const age = Math.floor(currentAge(freshness, context.now));
  const ttl = Math.floor(outcome.ttl ?? 0);
  if (recent?.of !== fields || recent.age !== age || recent.ttl !== ttl) {
    entry.recent = { of: fields, age, ttl, fields: undefined };
    return agedFields(environ, fields, freshness, outcome, context);
  }
  // The second of this second, and those after it: a server knows such a list again.
  if (recent.fields === undefined) {
    recent.fields = freeze(agedFields(environ, fields, freshness, outcome, context));
  } else environ['highball.cache_status'] = 'HIT';
  return recent.fields;
}

function freeze(fields: HeaderList): HeaderList {
  for (const field of fields) Object.freeze(field);
  return Object.freeze(fields) as HeaderList;
}

/** All of a stored body; undefined when its file is gone. */
export async function storedBody({ body, size }: StoredResponse): Promise<ResponseBody | undefined> {
  if (body.kind === 'memory') return body.chunks as Uint8Array[];
  return await fileBody(body.file, { start: 0, end: size - 1 }, () => undefined);
}

/** Stored fields as they are sent: with Age and what the cache did. */
export function agedFields(
  environ: Environ,
  stored: HeaderList,
  freshness: Freshness,
  outcome: CacheOutcome,
  { name, now }: AnswerContext,
): HeaderList {
  const fields: HeaderList = [...stored, ['Age', String(Math.floor(currentAge(freshness, now)))]];
  tellOutcome(environ, fields, name, outcome);
  return fields;
}

export function notModified(fields: HeaderList, startResponse: StartResponse): ResponseBody {
  startResponse('304 Not Modified', without(fields, OF_A_BODY));
  return [];
}

function unsatisfiable(size: number, fields: HeaderList, startResponse: StartResponse): ResponseBody {
  const kept = without(fields, OF_A_BODY);
  startResponse('416 Range Not Satisfiable', [...kept, ['Content-Range', `bytes */${size}`]]);
  return [];
}

function part(
  { body, size }: StoredResponse,
  range: ByteRange,
  fields: HeaderList,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody | undefined> {
  const { start, end } = range;
  const start206 = (): void => {
    startResponse('206 Partial Content', [
      ...without(fields, LENGTH),
      ['Content-Range', `bytes ${start}-${end}/${size}`],
      ['Content-Length', String(end + 1 - start)],
    ]);
  };
  if (body.kind === 'file') return fileBody(body.file, range, start206);
  start206();
  return sliceChunks(body.chunks, range);
}

async function fileBody(
  file: StoredFile,
  range: ByteRange,
  start: () => void,
): Promise<ResponseBody | undefined> {
  const handle = await openOf(file.path, file.size);
  if (handle === undefined) return undefined;
  start();
  return new DiskBody(handle, file, range);
}

/** 504: the client wants nothing but what is stored (RFC 9111 §5.2.1.7). */
export function answerOnlyIfCached(
  environ: Environ,
  startResponse: StartResponse,
  { name }: AnswerContext,
): ResponseBody {
  const fields: HeaderList = [['Content-Type', 'text/plain; charset=utf-8']];
  tellOutcome(environ, fields, name, { detail: 'only-if-cached' });
  startResponse('504 Gateway Timeout', fields);
  return ['504 Gateway Timeout\n'];
}
