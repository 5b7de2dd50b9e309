export { DirectWriter } from './direct-writer.ts';
export type { DirectSocket } from './direct-writer.ts';
export { unsentBytes } from './unsent-bytes.ts';
export type { UnsentSocket } from './unsent-bytes.ts';
export { turn, type WriteTurn } from './write-turn.ts';
