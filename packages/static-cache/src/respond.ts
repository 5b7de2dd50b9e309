import type { BodyChunk, Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { randomUUID } from 'node:crypto';
import { evaluate, rangeApplies } from './conditional.ts';
import type { Content, Contents } from './contents.ts';
import type { Descriptors } from './descriptors.ts';
import { chooseCoding } from './encoding.ts';
import type { FileEntry } from './entry.ts';
import type { ErrorAnswer } from './error-answer.ts';
import { withExpires } from './fields.ts';
import { FileBody } from './file-body.ts';
import { type ByteRange, parseRange } from './range.ts';
import type { Representation } from './representation.ts';

/** What files are answered with. */
export interface RespondContext {
  readonly contents: Contents;
  readonly descriptors: Descriptors;
  readonly fail: ErrorAnswer;
  readonly wallClock: () => number;
}

/** A head, and which parts of a file follow it. */
interface Plan {
  readonly status: string;
  readonly headers: HeaderList;
  readonly parts: readonly (ByteRange | string)[] | 'all';
}

/** The body of an answer that has none. */
const NOTHING: ResponseBody = Object.freeze([]);

type Answer = ResponseBody | Promise<ResponseBody | undefined>;

/**
 * Answers GET and HEAD with a file; at once when its content is in memory. Undefined when the file has changed
 * since it was looked at: the caller looks again.
 */
export function respondFile(
  entry: FileEntry,
  environ: Environ,
  startResponse: StartResponse,
  context: RespondContext,
): Answer {
  const file = chooseRepresentation(entry, environ);
  const verdict = evaluate(environ, file);
  if (verdict === 412) return context.fail('412 Precondition Failed', [], environ, startResponse);
  if (verdict === 304) {
    startResponse('304 Not Modified', withExpiry(file.notModified, file, environ, context));
    return NOTHING;
  }
  // Only GET has ranges: they are to be ignored with any other method (RFC 9110 §14.2).
  if (environ.REQUEST_METHOD === 'HEAD') {
    startResponse('200 OK', withExpiry(file.whole, file, environ, context));
    return NOTHING;
  }
  const plan = planOf(file, environ, context);
  if (plan === 'unsatisfiable') {
    const contentRange: HeaderList = [['Content-Range', `bytes */${file.size}`]];
    return context.fail('416 Range Not Satisfiable', contentRange, environ, startResponse);
  }
  return sendFile(file, plan, startResponse, context);
}

/** Sends a file, or parts of it; at once when its content is in memory. Undefined when it has changed. */
export function sendFile(
  file: Representation,
  plan: Plan,
  startResponse: StartResponse,
  { contents, descriptors }: Pick<RespondContext, 'contents' | 'descriptors'>,
): Answer {
  const content = contents.get(file);
  if (content !== undefined) return sendContent(content, plan, startResponse);
  if (contents.accepts(file)) {
    return contents.load(file).then((loaded) => loaded && sendContent(loaded, plan, startResponse));
  }
  return descriptors.acquire(file).then((descriptor) => {
    if (descriptor === undefined) return undefined;
    startResponse(plan.status, plan.headers);
    return new FileBody(descriptor, plan.parts === 'all' ? [{ start: 0, end: file.size - 1 }] : plan.parts);
  });
}

function chooseRepresentation({ identity, coded, codings }: FileEntry, environ: Environ): Representation {
  if (coded.length === 0) return identity;
  const coding = chooseCoding(environ.HTTP_ACCEPT_ENCODING, codings);
  const index = codings.indexOf(coding);
  return index === -1 ? identity : (coded[index] as Representation);
}

function sendContent(
  content: Content,
  { status, headers, parts }: Plan,
  startResponse: StartResponse,
): ResponseBody {
  startResponse(status, headers);
  const { bytes } = content;
  if (parts === 'all') return content.body;
  return parts.map((part): BodyChunk =>
    typeof part === 'string' ? part : bytes.subarray(part.start, part.end + 1),
  );
}

/** The whole file, one part of it, or several. */
function planOf(file: Representation, environ: Environ, context: RespondContext): Plan | 'unsatisfiable' {
  const ranges = rangesOf(file, environ, context.wallClock);
  if (ranges === 'unsatisfiable') return ranges;
  if (ranges === 'ignore') {
    return { status: '200 OK', headers: withExpiry(file.whole, file, environ, context), parts: 'all' };
  }
  const plan = ranges.length === 1 ? planOne(file, ranges[0] as ByteRange) : planSeveral(file, ranges);
  return { ...plan, headers: withExpiry(plan.headers, file, environ, context) };
}

function rangesOf(
  file: Representation,
  { HTTP_RANGE: field, HTTP_IF_RANGE: condition }: Environ,
  wallClock: () => number,
): ReturnType<typeof parseRange> {
  if (field === undefined) return 'ignore';
  if (condition !== undefined && !rangeApplies(condition, file, wallClock())) return 'ignore';
  const ranges = parseRange(field, file.size);
  return typeof ranges === 'object' && isMoreThanAll(ranges, file.size) ? 'ignore' : ranges;
}

function planOne(file: Representation, range: ByteRange): Plan {
  const headers: HeaderList = [
    ...file.common,
    ['Content-Type', file.contentType],
    ['Content-Range', contentRange(range, file)],
    ['Content-Length', String(range.end + 1 - range.start)],
  ];
  return { status: '206 Partial Content', headers, parts: [range] };
}

/** Several parts in one body, each behind its own fields (RFC 9110 §14.6). */
function planSeveral(file: Representation, ranges: readonly ByteRange[]): Plan {
  const boundary = randomUUID();
  const parts: (ByteRange | string)[] = [];
  let length = 0;
  for (const range of ranges) {
    const head = `\r\n--${boundary}\r\nContent-Type: ${file.contentType}\r\nContent-Range: ${contentRange(range, file)}\r\n\r\n`;
    parts.push(head, range);
    length += head.length + range.end + 1 - range.start;
  }
  const end = `\r\n--${boundary}--\r\n`;
  parts.push(end);
  const headers: HeaderList = [
    ...file.common,
    ['Content-Type', `multipart/byteranges; boundary=${boundary}`],
    ['Content-Length', String(length + end.length)],
  ];
  return { status: '206 Partial Content', headers, parts };
}

function contentRange({ start, end }: ByteRange, { size }: Representation): string {
  return `bytes ${start}-${end}/${size}`;
}

/** Whether ranges would cost more than the file itself. */
function isMoreThanAll(ranges: readonly ByteRange[], size: number): boolean {
  return ranges.length > 1 && ranges.reduce((sum, { start, end }) => sum + end + 1 - start, 0) >= size;
}

/** Who speaks HTTP/1.0 may not know Cache-Control (RFC 9111 §5.3); all others need no Expires. */
function withExpiry(
  fields: HeaderList,
  { maxAgeSeconds }: Representation,
  { SERVER_PROTOCOL: protocol }: Environ,
  { wallClock }: RespondContext,
): HeaderList {
  return protocol === 'HTTP/1.0' ? withExpires(fields, maxAgeSeconds, wallClock()) : fields;
}
