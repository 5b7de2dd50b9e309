/** A host name as a certificate may have it: letters, digits, hyphens; a wildcard is the whole first label. */
const NAME = /^(?:\*\.)?(?:[a-z\d_](?:[a-z\d_-]*[a-z\d_])?\.)*[a-z\d_](?:[a-z\d_-]*[a-z\d_])?$/;

/**
 * The host names of a certificate's subjectAltName, as Node's X509Certificate writes it; the common name does not
 * count (RFC 9525 §2). What Node has to put in quotes is no host name.
 */
export function namesOf(subjectAltName: string | undefined): string[] {
  const entries = (subjectAltName ?? '').split(', ');
  return entries.flatMap((entry) => (entry.startsWith('DNS:') ? entry.slice('DNS:'.length) : []));
}

/** Whether it can be the name of a server, or a wildcard. */
export function isServerName(name: string): boolean {
  return NAME.test(name.toLowerCase());
}

/** What is found by the name of a server: names themselves come before wildcards, which stand for one label (RFC 9525 §6.3). */
export class ServerNames<Value> {
  readonly #names = new Map<string, Value>();

  /** The first that is set for a name stays. @param name - what is no server's name is left out. */
  add(name: string, value: Value): void {
    const key = name.toLowerCase();
    if (isServerName(key) && !this.#names.has(key)) this.#names.set(key, value);
  }

  /** @param name - as a client has sent it (RFC 6066 §3). */
  find(name: string): Value | undefined {
    const key = name.toLowerCase();
    const dot = key.indexOf('.');
    return this.#names.get(key) ?? (dot > 0 ? this.#names.get(`*${key.slice(dot)}`) : undefined);
  }
}
