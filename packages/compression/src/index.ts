export type { Coding } from './codec.ts';
export { compression } from './compression.ts';
export { isCompressible } from './compressible.ts';
export { CompressionError, CompressionOptionError } from './errors.ts';
export type { CompressionErrorCode } from './errors.ts';
export type { CompressionOptions } from './options.ts';
