import { parseAddress } from '@highball/ip-networks';
import { Refusal } from './errors.ts';

/** Counts what is under way, of each client and of all. */
export class ConnectionLimits {
  readonly #most: number;
  readonly #mostOfClient: number;
  readonly #ofClient = new Map<string, number>();
  #total = 0;

  constructor(most: number, mostOfClient: number) {
    this.#most = most;
    this.#mostOfClient = mostOfClient;
  }

  /**
   * Takes a place; the function that is returned gives it back, once.
   * @throws Refusal TOO_MANY, TOO_MANY_OF_CLIENT
   */
  take(remoteAddress: string): () => void {
    const client = clientKey(remoteAddress);
    const present = this.#ofClient.get(client) ?? 0;
    if (present >= this.#mostOfClient) {
      throw new Refusal('TOO_MANY_OF_CLIENT', `you have ${present} connections through this proxy already`);
    }
    if (this.#total >= this.#most)
      throw new Refusal('TOO_MANY', 'this proxy has all connections that it can');
    this.#total++;
    this.#ofClient.set(client, present + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#giveBack(client);
    };
  }

  #giveBack(client: string): void {
    this.#total--;
    const left = (this.#ofClient.get(client) ?? 1) - 1;
    if (left === 0) this.#ofClient.delete(client);
    else this.#ofClient.set(client, left);
  }
}

/** Who has one IPv6 address has the 2^64 beside it (RFC 6177): they count as one client. */
function clientKey(remoteAddress: string): string {
  const bytes = parseAddress(remoteAddress);
  return bytes?.length === 16 ? Buffer.from(bytes.subarray(0, 8)).toString('hex') : remoteAddress;
}
