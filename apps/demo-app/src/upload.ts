import { Busboy, type BusboyConfig, type BusboyFileStream } from '@fastify/busboy';
import type { Environ } from '@highball/gateway-protocol';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { HttpError } from './http.ts';

/** A picture that somebody has sent. */
export interface Upload {
  /** A name of our own making: the sender's is not used. */
  name: string;
  type: string;
  content: Uint8Array;
}

const MAX_PICTURE_BYTES = 2_000_000;

/** How files of each kind begin: what a sender says about the type is not believed. */
const KINDS = [
  { type: 'image/png', ending: 'png', magic: /^\x89PNG\r\n\x1a\n/ },
  { type: 'image/jpeg', ending: 'jpg', magic: /^\xff\xd8\xff/ },
  { type: 'image/gif', ending: 'gif', magic: /^GIF8[79]a/ },
  { type: 'image/webp', ending: 'webp', magic: /^RIFF[^]{4}WEBP/ },
] as const;

/**
 * Reads the picture out of a multipart form (RFC 7578).
 * @throws HttpError when there is none, when it is too large, or when it is no picture.
 */
export async function readUpload(environ: Environ): Promise<Upload> {
  const content = await readFile(environ);
  const start = Buffer.from(content.subarray(0, 16)).toString('latin1');
  const kind = KINDS.find(({ magic }) => magic.test(start));
  if (kind === undefined)
    throw new HttpError('415 Unsupported Media Type', 'Please choose a PNG, JPEG, GIF or WebP picture.');
  return { name: `${randomUUID()}.${kind.ending}`, type: kind.type, content };
}

function readFile(environ: Environ): Promise<Uint8Array> {
  const contentType = environ.CONTENT_TYPE ?? '';
  if (!contentType.startsWith('multipart/form-data')) {
    throw new HttpError('415 Unsupported Media Type', 'That is no form with a file in it.');
  }
  return new Promise((resolve, reject) => {
    const body = Readable.from(environ['wsgi.input']);
    const fail = (error: HttpError): void => {
      body.destroy();
      reject(error);
    };
    const malformed = (): void => fail(new HttpError('400 Bad Request', 'The form could not be read.'));
    const limits = { files: 1, fileSize: MAX_PICTURE_BYTES, fields: 4, fieldSize: 1024, parts: 8 };
    const form = createForm(contentType, limits, malformed);
    let picture: Promise<Uint8Array> | undefined;
    form?.on('file', (_field: string, stream: BusboyFileStream) => {
      stream.once('limit', () =>
        fail(new HttpError('413 Content Too Large', 'The picture is larger than 2 MB.')),
      );
      picture = stream.toArray().then((chunks: Buffer[]) => Buffer.concat(chunks));
      picture.catch(malformed);
    });
    form?.on('error', malformed);
    form?.on('finish', () => {
      if (picture === undefined) fail(new HttpError('400 Bad Request', 'Please choose a picture first.'));
      else picture.then(resolve, malformed);
    });
    body.on('error', malformed);
    if (form !== undefined) body.pipe(form);
  });
}

function createForm(
  contentType: string,
  limits: BusboyConfig['limits'],
  malformed: () => void,
): InstanceType<typeof Busboy> | undefined {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch {
    malformed();
    return undefined;
  }
}
