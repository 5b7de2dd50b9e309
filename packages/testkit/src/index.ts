export { PHP_FPM, startPhpFpm } from './php-fpm.ts';
export type { PhpFpm } from './php-fpm.ts';
export { findPeer, missingPeers } from './peers.ts';
export type { Peer } from './peers.ts';
export { highball, highballBin, Program, temporaryFolder } from './process.ts';
export { exchange, freePort, RawClient } from './socket.ts';
export type { Address } from './socket.ts';
