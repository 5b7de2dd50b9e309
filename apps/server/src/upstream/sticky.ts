import { createSticky, type Sticky } from '@highball/balancer/sticky';
import type { Application, Environ } from '@highball/gateway-protocol';
import type { StickyConfig } from './config.ts';

/** Keeps sessions at their servers. */
export class Stickiness {
  readonly #sticky: Sticky;
  #ids: readonly string[] = [];
  /** Of requests that are under way: a cookie is verified once. */
  readonly #preferred = new WeakMap<Environ, string>();

  /** @throws BalancerConfigError when an option makes no sense. */
  constructor(options: StickyConfig) {
    this.#sticky = createSticky(options);
  }

  /** Takes the addresses of the servers that there are. */
  setIds(ids: readonly string[]): void {
    this.#ids = ids;
  }

  /** The server of a request's session, if it has one that is still there. */
  readonly prefer = (environ: Environ): string | undefined => this.#preferred.get(environ);

  /** Gives the client its cookie when its answer comes from another server than its session's. */
  wrap(proxy: Application): Application {
    return (environ, startResponse) => {
      const { HTTP_COOKIE: cookie } = environ;
      const preferred = cookie === undefined ? undefined : this.#sticky.peerOf(cookie, this.#ids);
      if (preferred !== undefined) this.#preferred.set(environ, preferred);
      return proxy(environ, (status, headers, error) => {
        const id = environ['highball.upstream_addr'];
        if (typeof id !== 'string' || id === preferred) return startResponse(status, headers, error);
        return startResponse(status, [...headers, ['Set-Cookie', this.#sticky.setCookie(id)]], error);
      });
    };
  }
}
