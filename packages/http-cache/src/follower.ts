import type { ResponseBody } from '@highball/gateway-protocol';
import { IncompleteResponseError } from './errors.ts';
import type { Flight, Landing } from './flight.ts';
import { FollowedBody } from './followed-body.ts';
import type { Forwarding } from './forwarding.ts';
import type { Keeper } from './keeper.ts';
import { findAgain } from './lookup.ts';
import type { ResolvedOptions } from './options.ts';
import { report } from './origin.ts';
import { type FetchEvent, type HeadInFlight, isEnd } from './peer-messages.ts';
import { SharedBody } from './shared-body.ts';
import type { Store } from './store.ts';
import { entryInMemory } from './stored-entry.ts';

type Streaming = FetchEvent & { readonly kind: 'streaming' };

/** What a follower works with. */
export interface Following {
  readonly store: Store;
  readonly keeper: Keeper;
  readonly options: ResolvedOptions;
  /** The body of a response that was begun by a process that is gone. */
  fetchAnew(begun: HeadInFlight): Promise<ResponseBody | undefined>;
}

/** Brings to its landing a flight that another process leads. */
export class Follower {
  readonly #with: Following;
  readonly #forwarding: Forwarding;
  readonly #flight: Flight;
  readonly #onEnd: () => void;
  /** What has been told of the body while its file was opened. */
  #events: FetchEvent[] | undefined;
  #body: FollowedBody | undefined;

  /** @param onEnd - called when nobody can join it any more. */
  constructor(following: Following, forwarding: Forwarding, flight: Flight, onEnd: () => void) {
    this.#with = following;
    this.#forwarding = forwarding;
    this.#flight = flight;
    this.#onEnd = onEnd;
  }

  take(event: FetchEvent): void {
    this.#body?.take(event);
    this.#events?.push(event);
    if (event.kind === 'streaming' && !this.#flight.unattended) void this.#stream(event);
    else if (isEnd(event)) void this.#land(event);
  }

  async #land(event: FetchEvent): Promise<void> {
    try {
      this.#flight.land(await this.#landing(event));
    } finally {
      this.#onEnd();
    }
  }

  async #landing(event: FetchEvent): Promise<Landing> {
    const { store, keeper } = this.#with;
    const { found, request } = this.#forwarding;
    if (event.kind === 'nothing') {
      if (event.passUntilMs !== undefined) keeper.notePass(request.url, event.passUntilMs);
      return { kind: 'nothing' };
    }
    if (event.kind !== 'stored') return { kind: 'again', stored: false };
    if (event.detail !== undefined && found.entry !== undefined) {
      return { kind: 'stored', entry: found.entry, detail: event.detail };
    }
    // Once for all who wait here: it is in memory then. What has come as a stream is there already.
    if (this.#body !== undefined) return { kind: 'again', stored: true };
    await findAgain(store, found, request.url, request.environ);
    return { kind: 'again', stored: true };
  }

  async #stream(event: Streaming): Promise<void> {
    this.#events = [event];
    const handle = await this.#with.store.openUnfinished(event.file);
    const events = this.#events;
    this.#events = undefined;
    // It is whole already, and will be found by its name.
    if (handle === undefined) return;
    const body = new FollowedBody(handle, () => this.#with.fetchAnew(event.head));
    this.#body = body;
    for (const each of events) body.take(each);
    this.#flight.subject = event.head;
    const shared = this.#share(body, event.head);
    this.#flight.land({ kind: 'streaming', response: { ...event.head, body: shared } });
    shared.start();
  }

  #share(source: FollowedBody, head: HeadInFlight): SharedBody {
    const { store, options } = this.#with;
    const { environ } = this.#forwarding.request;
    const body: SharedBody = new SharedBody(source, {
      keepBytes: options.maxMemoryObjectBytes,
      expectedBytes: undefined,
      take: () => true,
      end: (error, size, chunks) => {
        if (error === undefined && chunks !== undefined) store.remember(entryInMemory(head, size, chunks));
        if (error !== undefined) this.#onEnd();
      },
      abandoned: () => body.fail(new IncompleteResponseError('TRUNCATED', 'nobody wants the rest')),
      closeFailed: (error) => report(environ, error),
    });
    return body;
  }
}
