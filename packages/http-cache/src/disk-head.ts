import { crc32 } from 'node:zlib';
import type { Entry, StoredResponse } from './entry.ts';

/** A head as it is stored: the entry, its body by the name of a file. */
type StoredHead = Omit<StoredResponse, 'body' | 'recent'> & { digest: string; blocks: readonly number[] };

/** A head as text: behind the checksum of it, JSON. */
export function serializeHead(entry: Entry): string {
  let plain: object = entry;
  if (entry.kind === 'response') {
    const { body, recent: _, ...head } = entry;
    if (body.kind === 'memory') throw new TypeError('a body must be in its file before its head is written');
    const digest = body.file.path.slice(body.file.path.lastIndexOf('/') + 1);
    plain = { ...head, digest, blocks: body.file.blocks } satisfies StoredHead;
  }
  const text = JSON.stringify(plain);
  return `${crc32(text)} ${text}`;
}

/** @returns undefined when the text is not what was written. */
export function parseHead(text: string, pathOf: (digest: string) => string): Entry | undefined {
  const space = text.indexOf(' ');
  const json = text.slice(space + 1);
  if (space === -1 || String(crc32(json)) !== text.slice(0, space)) return undefined;
  const head = JSON.parse(json) as StoredHead | Extract<Entry, { kind: 'vary' }>;
  if (head.kind === 'vary') return head;
  const { digest, blocks, ...entry } = head;
  return { ...entry, body: { kind: 'file', file: { path: pathOf(digest), size: entry.size, blocks } } };
}
