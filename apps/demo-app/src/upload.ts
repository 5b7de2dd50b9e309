import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { Environ, InputStream } from '@highball/gateway-protocol';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { mediaType } from './forms.ts';
import { HttpError } from './http.ts';

/** A picture that somebody has sent. */
export interface Upload {
  /** A name of our own making: the sender's is not used. */
  name: string;
  type: string;
  content: Uint8Array;
}

const MAX_PICTURE_BYTES = 2_000_000;

/** The picture and what a form wraps around it. */
const MAX_BODY_BYTES = MAX_PICTURE_BYTES + 65_536;

const LIMITS = {
  files: 1,
  fileSize: MAX_PICTURE_BYTES,
  fields: 4,
  fieldSize: 1024,
  parts: 8,
  headerPairs: 16,
  headerSize: 4096,
};

/** How files of each kind begin: what a sender says about the type is not believed. */
const KINDS = [
  { type: 'image/png', ending: 'png', begins: (start: string) => start.startsWith('\x89PNG\r\n\x1a\n') },
  { type: 'image/jpeg', ending: 'jpg', begins: (start: string) => start.startsWith('\xff\xd8\xff') },
  { type: 'image/gif', ending: 'gif', begins: (start: string) => /^GIF8[79]a/.test(start) },
  { type: 'image/webp', ending: 'webp', begins: (start: string) => /^RIFF[^]{4}WEBP/.test(start) },
] as const;

/**
 * Reads the picture out of a multipart form (RFC 7578).
 * @throws HttpError 400 when there is none, 413 when it is too large, 415 when it is no picture.
 */
export async function readUpload(environ: Environ): Promise<Upload> {
  if (mediaType(environ) !== 'multipart/form-data') {
    throw new HttpError('415 Unsupported Media Type', 'That is no form with a file in it.');
  }
  if (Number(environ.CONTENT_LENGTH) > MAX_BODY_BYTES) throw tooLarge();
  const content = await readFile(environ);
  if (content.length === 0) throw new HttpError('400 Bad Request', 'Please choose a picture first.');
  const start = content.subarray(0, 16).toString('latin1');
  const kind = KINDS.find(({ begins }) => begins(start));
  if (kind === undefined) {
    throw new HttpError('415 Unsupported Media Type', 'Please choose a PNG, JPEG, GIF or WebP picture.');
  }
  return { name: `${randomUUID()}.${kind.ending}`, type: kind.type, content };
}

/** The first file of the form; empty when there is none. */
async function readFile(environ: Environ): Promise<Buffer> {
  const form = createForm(environ.CONTENT_TYPE ?? '');
  let chunks: Promise<Buffer[]> = Promise.resolve([]);
  form.on('file', (_field: string, file: BusboyFileStream) => {
    file.once('limit', () => form.destroy(tooLarge()));
    chunks = file.toArray();
    // A file that breaks off is an error of the whole form, which is awaited below.
    chunks.catch(() => undefined);
  });
  try {
    await pipeline(Readable.from(capped(environ['wsgi.input'])), form);
    return Buffer.concat(await chunks);
  } catch (error) {
    throw error instanceof HttpError ? error : malformed(error);
  }
}

/** The body, as far as it may go: it need not say its length beforehand. */
async function* capped(input: InputStream): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    yield chunk;
  }
}

function createForm(contentType: string): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (error) {
    throw malformed(error);
  }
}

function tooLarge(): HttpError {
  return new HttpError('413 Content Too Large', 'The picture is larger than 2 MB.');
}

function malformed(cause: unknown): HttpError {
  return new HttpError('400 Bad Request', 'The form could not be read.', [], { cause });
}
