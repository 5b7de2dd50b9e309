/** The start value of FNV-1a, 32 bits (draft-eastlake-fnv §5). */
export const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a over the UTF-16 units of a text; `seed` chains calls. */
export function fnv1a(text: string, seed: number = OFFSET_BASIS): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}

/** The finaliser of MurmurHash3: FNV alone leaves keys that differ in their last byte too close together. */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A well mixed hash of two numbers: which of many places, for which key. */
export function mixBoth(a: number, b: number): number {
  return mix(Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca77) ^ (b >>> 15));
}

/** CRC-32 as in IEEE 802.3 and zlib, reflected, by bytes. */
const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** One more byte into a CRC-32 that is not finished. */
export function crc32Byte(crc: number, byte: number): number {
  return (CRC_TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
}

/** A text's UTF-8 bytes into a CRC-32 that is not finished. */
export function crc32Update(crc: number, text: string): number {
  let next = crc;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return crc32Bytes(next, new TextEncoder().encode(text.slice(i)));
    next = crc32Byte(next, unit);
  }
  return next;
}

function crc32Bytes(crc: number, bytes: Uint8Array): number {
  let next = crc;
  for (const byte of bytes) next = crc32Byte(next, byte);
  return next;
}

/** CRC-32 of a text, as an unsigned number. */
export function crc32(text: string): number {
  return (crc32Update(0xffffffff, text) ^ 0xffffffff) >>> 0;
}
