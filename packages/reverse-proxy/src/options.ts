import type { Environ } from '@highball/gateway-protocol';
import { type Connect, connectByNet } from './pool.ts';

/** How a request to a peer ended. `aborted`: the client left, which says nothing about the peer. */
export type Outcome = 'ok' | 'failed' | 'aborted';

/** Somebody who chooses upstreams: a balancer, or anything with these two methods. */
export interface Picker<Peer extends { readonly id: string }> {
  /** A peer, whose id is its address (`http://host:port`, `unix:/path`); undefined when there is none. */
  pick(request: { readonly key: string; readonly exclude: ReadonlySet<string> }): Peer | undefined;
  release(peer: Peer, outcome: Outcome): void;
}

/** Where the proxy says what went wrong. pino fits; the fields come first, as it has them. */
export interface Logger {
  warn(fields: object, message: string): void;
}

// Peers are opaque here: what was picked is what is released.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyPicker = Picker<any>;

export interface ReverseProxyOptions<Peer extends { readonly id: string } = { readonly id: string }> {
  readonly picker: Picker<Peer>;
  /** What a choice by hash goes by. @default REMOTE_ADDR */
  readonly key?: (environ: Environ) => string;
  /** What this proxy is called in Via. @default 'highball' */
  readonly viaName?: string;
  /** @default 60_000 (nginx's proxy_connect_timeout) */
  readonly connectTimeoutMs?: number;
  /** The longest silence of an upstream. @default 60_000 (nginx's proxy_read_timeout) */
  readonly readTimeoutMs?: number;
  /** How long an unused connection is kept: shorter than the upstream keeps it. @default 60_000 (nginx) */
  readonly idleTimeoutMs?: number;
  /** Unused connections for each upstream. @default 64 */
  readonly maxIdle?: number;
  /** The longest silence of a tunnel, both ways. @default 3_600_000 */
  readonly tunnelTimeoutMs?: number;
  /** @default silent */
  readonly log?: Logger;
  readonly connect?: Connect;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

export type ResolvedOptions = Required<Omit<ReverseProxyOptions, 'picker'>> & { readonly picker: AnyPicker };

export function resolveOptions<Peer extends { readonly id: string }>(
  options: ReverseProxyOptions<Peer>,
): ResolvedOptions {
  return {
    picker: options.picker,
    key: options.key ?? ((environ) => environ.REMOTE_ADDR ?? ''),
    viaName: options.viaName ?? 'highball',
    connectTimeoutMs: options.connectTimeoutMs ?? 60_000,
    readTimeoutMs: options.readTimeoutMs ?? 60_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    maxIdle: options.maxIdle ?? 64,
    tunnelTimeoutMs: options.tunnelTimeoutMs ?? 3_600_000,
    log: options.log ?? { warn: () => undefined },
    connect: options.connect ?? connectByNet,
    now: options.now ?? (() => performance.now()),
  };
}
