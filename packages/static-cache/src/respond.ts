import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { randomUUID } from 'node:crypto';
import { FileBody, MultipartBody } from './body.ts';
import { evaluate, rangeApplies } from './conditional.ts';
import { chooseCoding } from './encoding.ts';
import { type Entry, openUnchanged, type Representation } from './entry.ts';
import { type ByteRange, parseRange } from './range.ts';

type FileEntry = Extract<Entry, { kind: 'file' }>;

/** Fields that a 304 leaves out: what they say is in the client's copy (RFC 9110 §15.4.5). */
const NOT_IN_304: ReadonlySet<string> = new Set([
  'Content-Type',
  'Content-Encoding',
  'Accept-Ranges',
  'Last-Modified',
]);

/**
 * Answers GET and HEAD with a file; at once when its content is in memory. Undefined when the file has changed
 * since it was looked at: the caller looks again.
 */
export function respondFile(
  entry: FileEntry,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody | undefined> {
  const file = chooseRepresentation(entry, environ);
  const verdict = evaluate(
    {
      ifMatch: environ.HTTP_IF_MATCH,
      ifNoneMatch: environ.HTTP_IF_NONE_MATCH,
      ifModifiedSince: environ.HTTP_IF_MODIFIED_SINCE,
      ifUnmodifiedSince: environ.HTTP_IF_UNMODIFIED_SINCE,
    },
    file,
  );
  if (verdict === 304) {
    startResponse(
      '304 Not Modified',
      file.fields.filter(([name]) => !NOT_IN_304.has(name)),
    );
    return [];
  }
  if (verdict === 412) return answerPlain(startResponse, '412 Precondition Failed');
  const { HTTP_RANGE: field } = environ;
  const wanted =
    field === undefined || !rangeApplies(environ.HTTP_IF_RANGE, file)
      ? 'ignore'
      : parseRange(field, file.size);
  if (wanted === 'unsatisfiable') {
    return answerPlain(startResponse, '416 Range Not Satisfiable', [
      ['Content-Range', `bytes */${file.size}`],
    ]);
  }
  if (wanted === 'ignore' || isMoreThanAll(wanted, file.size)) return sendWhole(file, environ, startResponse);
  return sendRanges(file, wanted, environ, startResponse);
}

/** A short answer in text. */
export function answerPlain(
  startResponse: StartResponse,
  status: string,
  fields: HeaderList = [],
): ResponseBody {
  startResponse(status, [['Content-Type', 'text/plain; charset=utf-8'], ...fields]);
  return [`${status}\n`];
}

function chooseRepresentation({ identity, coded }: FileEntry, environ: Environ): Representation {
  if (coded.length === 0) return identity;
  const coding = chooseCoding(
    environ.HTTP_ACCEPT_ENCODING,
    coded.map((file) => file.coding),
  );
  return coded.find((file) => file.coding === coding) ?? identity;
}

function sendWhole(
  file: Representation,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody | undefined> {
  const fields: HeaderList = [...file.fields, ['Content-Length', String(file.size)]];
  if (environ.REQUEST_METHOD === 'HEAD' || file.content !== undefined) {
    startResponse('200 OK', fields);
    return environ.REQUEST_METHOD === 'HEAD' ? [] : [file.content as Uint8Array];
  }
  return openUnchanged(file).then((handle) => {
    if (handle === undefined) return undefined;
    startResponse('200 OK', fields);
    return new FileBody(handle, { start: 0, end: file.size - 1 });
  });
}

function sendRanges(
  file: Representation,
  ranges: readonly ByteRange[],
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody | undefined> {
  const [range] = ranges as [ByteRange];
  if (ranges.length > 1) return sendMultipart(file, ranges, environ, startResponse);
  const fields: HeaderList = [
    ...file.fields,
    ['Content-Range', `bytes ${range.start}-${range.end}/${file.size}`],
    ['Content-Length', String(range.end + 1 - range.start)],
  ];
  if (environ.REQUEST_METHOD === 'HEAD' || file.content !== undefined) {
    startResponse('206 Partial Content', fields);
    return environ.REQUEST_METHOD === 'HEAD'
      ? []
      : [(file.content as Uint8Array).subarray(range.start, range.end + 1)];
  }
  return openUnchanged(file).then((handle) => {
    if (handle === undefined) return undefined;
    startResponse('206 Partial Content', fields);
    return new FileBody(handle, range);
  });
}

async function sendMultipart(
  file: Representation,
  ranges: readonly ByteRange[],
  environ: Environ,
  startResponse: StartResponse,
): Promise<ResponseBody | undefined> {
  const handle = await openUnchanged(file);
  if (handle === undefined) return undefined;
  const boundary = randomUUID();
  const type = file.fields.find(([name]) => name === 'Content-Type')?.[1] as string;
  const body = new MultipartBody(handle, ranges, file.size, type, boundary);
  startResponse('206 Partial Content', [
    ...file.fields.filter(([name]) => name !== 'Content-Type'),
    ['Content-Type', `multipart/byteranges; boundary=${boundary}`],
    ['Content-Length', String(body.length)],
  ]);
  if (environ.REQUEST_METHOD !== 'HEAD') return body;
  await body.close();
  return [];
}

/** Whether ranges would cost more than the file itself. */
function isMoreThanAll(ranges: readonly ByteRange[], size: number): boolean {
  return ranges.length > 1 && ranges.reduce((sum, { start, end }) => sum + end + 1 - start, 0) >= size;
}
