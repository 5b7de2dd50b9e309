import type { CgiProcess } from './cgi-process.ts';
import { CgiProgramError } from './errors.ts';
import { findHeaderEnd, type HeaderLimits, parseHeader, type ResponseHeader } from './response-header.ts';

/**
 * Reads a program's output up to the end of its header. If that is none, the program is ended.
 * @throws CgiProgramError
 */
export async function readHeader(
  process: Pick<CgiProcess, 'read' | 'end'>,
  limits: HeaderLimits,
): Promise<{ header: ResponseHeader; rest: Uint8Array }> {
  try {
    const { text, rest } = await readText(process, limits.maxHeaderBytes);
    return { header: parseHeader(text, limits), rest };
  } catch (error) {
    if (error instanceof CgiProgramError) process.end(error);
    throw error;
  }
}

async function readText(
  process: Pick<CgiProcess, 'read'>,
  maxBytes: number,
): Promise<{ text: string; rest: Uint8Array }> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const piece = await process.read();
    if (piece === undefined) {
      throw new CgiProgramError(
        'NO_HEADER',
        `the program ended after ${bytes.length} bytes, within its header`,
      );
    }
    const before = bytes.length;
    bytes = before === 0 ? piece : Buffer.concat([bytes, piece]);
    const end = findHeaderEnd(bytes, before);
    if ((end?.text.length ?? bytes.length) > maxBytes) {
      throw new CgiProgramError('HEADER_TOO_LARGE', `the header has more than ${maxBytes} bytes`);
    }
    if (end !== undefined) return end;
  }
}
