import {
  RemoteProtocolError,
  type RequestHandler as VariablesHandler,
  UwsgiRequestParser,
} from '@highball/cgi-protocols';
import { compileAddresses, type ConnectionFacts } from '@highball/environ';
import type { ParserOptions, RequestHandler } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import { PeerError } from './errors.ts';
import type { RequestSource, StartSource } from './request-source.ts';
import { uwsgiHead } from './uwsgi-head.ts';

/** Which of a worker's options are about uwsgi. */
export interface UwsgiOptions {
  readonly parser: ParserOptions;
  readonly uwsgiAllowIps: readonly string[];
}

const NO_BYTES: Uint8Array = new Uint8Array();
const NO_TRAILERS: readonly string[] = Object.freeze([]);
/** What web servers send beside the fields: nginx some fifteen variables, Apache with mod_ssl a hundred. */
const MORE_VARIABLES = 200;
const MAX_FIELDS = 100;

/** Makes sources for connections of web servers that speak uwsgi. @throws EnvironOptionError */
export function startUwsgi({ parser, uwsgiAllowIps }: UwsgiOptions): StartSource {
  const isAllowed = compileAddresses(uwsgiAllowIps);
  return (handler, peer) => new UwsgiReader(handler, peer, parser, isAllowed(peer.remoteAddress));
}

/**
 * The one request of a connection that speaks uwsgi, told as http-parser tells requests. What comes behind it is
 * ignored, as behind the last request of HTTP.
 */
class UwsgiReader implements RequestSource {
  readonly #parser: UwsgiRequestParser;
  readonly #peer: ConnectionFacts;
  readonly #isAllowed: boolean;
  #state: 'idle' | 'reading' | 'over' = 'idle';
  #paused = false;
  #kept: Uint8Array = NO_BYTES;

  constructor(handler: RequestHandler, peer: ConnectionFacts, limits: ParserOptions, isAllowed: boolean) {
    this.#peer = peer;
    this.#isAllowed = isAllowed;
    this.#parser = new UwsgiRequestParser(tell(handler, peer, limits), {
      maxVariables: (limits.maxFields ?? MAX_FIELDS) + MORE_VARIABLES,
      ...(limits.maxHeadBytes !== undefined && { maxVariablesBytes: limits.maxHeadBytes }),
      ...(limits.maxBodyBytes !== undefined && { maxBodyBytes: limits.maxBodyBytes }),
    });
  }

  get paused(): boolean {
    return this.#paused;
  }

  get buffered(): number {
    return this.#kept.length;
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** @throws PeerError, RemoteProtocolError of cgi-protocols; nothing is read after one. */
  push(bytes: Uint8Array): void {
    if (this.#state === 'over') return;
    if (!this.#isAllowed) throw this.#refusePeer();
    this.#state = 'reading';
    if (this.#paused) this.#kept = Buffer.concat([this.#kept, bytes]);
    else this.#read(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const bytes = this.#kept;
    this.#kept = NO_BYTES;
    if (bytes.length > 0) this.#read(bytes);
  }

  /** @throws RemoteProtocolError INCOMPLETE within a request. */
  finish(): void {
    const reading = this.#state === 'reading';
    this.close();
    if (reading) this.#parser.finish();
  }

  /** There is no other protocol to go on with: a uwsgi connection is never handed over. */
  release(): Uint8Array {
    this.close();
    return NO_BYTES;
  }

  close(): void {
    this.#state = 'over';
    this.#kept = NO_BYTES;
  }

  /** There is no second request for which something would be kept. */
  forget(): void {
    // Nothing to do.
  }

  #read(bytes: Uint8Array): void {
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#state = 'over';
      const behind = this.#parser.ended && error instanceof RemoteProtocolError;
      if (!behind) throw error;
    }
    if (this.#parser.ended) this.#state = 'over';
  }

  #refusePeer(): PeerError {
    this.#state = 'over';
    const who = this.#peer.unix ? "a Unix socket's client" : this.#peer.remoteAddress;
    return new PeerError(`${who} may not speak uwsgi here: uwsgiAllowIps does not name it`);
  }
}

/** Lets variables be told of as a head. */
function tell(handler: RequestHandler, peer: ConnectionFacts, limits: ParserOptions): VariablesHandler {
  return {
    onVariables: (variables, contentLength) =>
      handler.onHead(uwsgiHead(variables, contentLength, peer, limits)),
    onBody: (chunk) => handler.onBody(chunk),
    onEnd: () => handler.onEnd(NO_TRAILERS),
  };
}
