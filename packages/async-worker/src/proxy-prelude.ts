import {
  type AddressTest,
  type ConnectionFacts,
  parseProxyHeader,
  type ProxyVersion,
} from '@highball/environ';
import { Buffer } from 'node:buffer';

/** The longest header is one of version 2: 16 bytes, and what the parser allows behind them. */
const MAX_HEADER_BYTES = 4096;
const NO_BYTES: Buffer = Buffer.alloc(0);

/** What a proxy says before the bytes of its client. */
export interface Introduction {
  /** The client, in the proxy's place. */
  readonly facts: ConnectionFacts;
  /** The bytes behind the header. */
  readonly rest: Buffer;
}

/** Reads the header of the PROXY protocol at the beginning of a connection. */
export class ProxyPrelude {
  readonly #facts: ConnectionFacts;
  readonly #version: ProxyVersion;
  readonly #isAllowed: AddressTest;
  #bytes = NO_BYTES;

  constructor(facts: ConnectionFacts, version: ProxyVersion, isAllowed: AddressTest) {
    this.#facts = facts;
    this.#version = version;
    this.#isAllowed = isAllowed;
  }

  /**
   * Takes bytes of the connection.
   * @returns who the client is, or undefined as long as the header is incomplete.
   * @throws Error when the peer may not send one, or sends none: the connection must be closed without an answer,
   *   since whoever speaks here has not agreed with us on what to speak.
   */
  push(bytes: Buffer): Introduction | undefined {
    if (!this.#isAllowed(this.#facts.remoteAddress)) throw new Error('the peer is none of proxyAllowIps');
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const header = parseProxyHeader(this.#bytes, this.#version);
    if (header.state === 'need-more') {
      if (this.#bytes.length > MAX_HEADER_BYTES) throw new Error('the PROXY header has no end');
      // The caller's memory may be used again before the rest comes.
      if (this.#bytes === bytes) this.#bytes = Buffer.from(bytes);
      return undefined;
    }
    const { source, destination } = header;
    const facts: ConnectionFacts = {
      ...this.#facts,
      ...(source && { remoteAddress: source.address, remotePort: source.port, unix: false }),
      ...(destination && { localAddress: destination.address, localPort: destination.port }),
    };
    return { facts, rest: this.#bytes.subarray(header.consumed) };
  }
}
