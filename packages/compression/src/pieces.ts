import type { BodyChunk } from '@highball/gateway-protocol';

/** An application may have put anything into its body. */
export function isChunk(piece: unknown): piece is BodyChunk {
  return typeof piece === 'string' || piece instanceof Uint8Array;
}

/** Bytes of some pieces, strings as UTF-8; NaN when one is no piece. */
export function sizeOf(pieces: readonly BodyChunk[]): number {
  let size = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') size += Buffer.byteLength(piece);
    else size += isChunk(piece) ? piece.byteLength : Number.NaN;
  }
  return size;
}

/** The pieces in one; the usual body is one already. */
export function join(pieces: readonly BodyChunk[]): Uint8Array {
  if (pieces.length === 1) return bytesOf(pieces[0] as BodyChunk);
  return Buffer.concat(pieces.map(bytesOf));
}

/** A piece as bytes. */
export function bytesOf(piece: BodyChunk): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece) : piece;
}
