import { Buffer } from 'node:buffer';

/** The same text in one piece: V8 would put one that was concatenated together anew in each write. */
export function flatten(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
