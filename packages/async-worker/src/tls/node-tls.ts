import type * as NodeCrypto from 'node:crypto';
import type * as NodeTls from 'node:tls';

/** Loaded when the first worker speaks TLS: it takes as long as all of this package. */
export const tls = (): typeof NodeTls => process.getBuiltinModule('node:tls');
export const crypto = (): typeof NodeCrypto => process.getBuiltinModule('node:crypto');
