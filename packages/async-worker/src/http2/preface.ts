import { Buffer } from 'node:buffer';

const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** The length of what a client of HTTP/2 begins with (RFC 9113 §3.4). */
export const PREFACE_BYTES: number = PREFACE.length;
export const NO_BYTES: Buffer = Buffer.alloc(0);

/** Whether the bytes are, or may become, those with which a client of HTTP/2 begins. */
export function mayBePreface(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, PREFACE_BYTES);
  return bytes.compare(PREFACE, 0, length, 0, length) === 0;
}
