import type { TlsOptions } from '@highball/async-worker';
import type { Secured } from './schemes.ts';

/** What workers of the front must know to speak TLS. Their master has read it: they may not be able to any more. */
export interface TlsPlan extends Omit<TlsOptions, 'ticketKeys'> {
  /** In base64: one for all workers, so that each resumes the sessions of the others. */
  ticketKeys: string;
}

/** What workers of the front must know of where they listen. */
export interface FrontSockets {
  secured: readonly Secured[];
  tls?: TlsPlan;
}

/** As @highball/async-worker has it. */
export function tlsOptions({ ticketKeys, ...others }: TlsPlan): TlsOptions {
  return { ...others, ticketKeys: Buffer.from(ticketKeys, 'base64') };
}
