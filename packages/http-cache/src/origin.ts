import { closeBody, type Application, type Environ } from '@highball/gateway-protocol';
import type { CacheOutcome } from './cache-status.ts';
import { type CapturedResponse, capture } from './capture.ts';
import { codeOf, type StoredResponse } from './entry.ts';
import { fieldValue } from './fields.ts';
import { type Flight, type Landing, type ResponseInFlight, signalOf } from './flight.ts';
import type { Forwarding } from './forwarding.ts';
import type { ExchangeTimes } from './freshness.ts';
import type { Keeper } from './keeper.ts';
import type { ResolvedOptions } from './options.ts';
import { originEnviron } from './origin-environ.ts';
import { freshened, planResponse, type ResponsePlan } from './response-plan.ts';
import { mayStandIn } from './selection.ts';
import type { Reader, SharedBody } from './shared-body.ts';
import type { Store } from './store.ts';
import { passNotes } from './upstream-notes.ts';

/** Errors that a stale response may stand in for (RFC 5861 §4). */
const ERRORS: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** What a fetch has come to, for the one that asked. */
export type Arrival =
  | { readonly kind: 'stored'; readonly entry: StoredResponse; readonly outcome: CacheOutcome }
  | {
      readonly kind: 'streaming';
      readonly captured: CapturedResponse;
      readonly body: SharedBody;
      readonly reader: Reader | undefined;
    }
  | { readonly kind: 'passing'; readonly captured: CapturedResponse; readonly plan: ResponsePlan };

/** What a fetch has come to, for all. */
export interface Outcome {
  readonly arrival: Arrival;
  readonly shared: Landing;
  /** When other processes find it. */
  readonly saved?: Promise<void>;
}

/** The application behind the cache: asks it, and has its answers stored. */
export class Origin {
  readonly #app: Application;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #keeper: Keeper;

  constructor(app: Application, store: Store, keeper: Keeper, options: ResolvedOptions) {
    this.#app = app;
    this.#store = store;
    this.#keeper = keeper;
    this.#options = options;
  }

  /** Resolves with the head of the answer. @throws what the application throws, unless something stands in. */
  async ask(forwarding: Forwarding, flight: Flight, onStored: () => void): Promise<Outcome> {
    const { request, found, pass } = forwarding;
    const stored = found.entry;
    const position = this.#store.position;
    const requestMs = this.#options.now();
    const environ = originEnviron(request.environ, {
      stored,
      background: flight.unattended,
      whole: !pass && !request.ranged,
      signal: () => signalOf(flight, request.environ),
    });
    let captured: CapturedResponse;
    try {
      captured = await capture(this.#app, environ);
      passNotes(environ, request.environ);
    } catch (error) {
      const instead = this.#instead(forwarding, 'error');
      if (instead === undefined) throw error;
      report(request.environ, error);
      return instead;
    }
    const times = { requestMs, responseMs: this.#options.now() };
    const code = codeOf(captured.status);
    if (ERRORS.has(code)) {
      const instead = this.#instead(forwarding, String(code));
      if (instead !== undefined) {
        await closeBody(captured.body);
        return instead;
      }
    }
    if (stored !== undefined && code === 304)
      return this.#confirm(stored, captured, times, position, forwarding);
    return this.#receive(forwarding, captured, times, position, flight, onStored);
  }

  /** The stale response in place of an error, where it may be. */
  #instead({ request, found, because }: Forwarding, what: string): Outcome | undefined {
    const { entry } = found;
    const now = this.#options.now();
    if (entry === undefined || !mayStandIn(entry.freshness, request.directives, this.#options, now)) {
      return undefined;
    }
    const detail = `stale-if-error-${what}`;
    const outcome: CacheOutcome = { fwd: because, detail };
    return { arrival: { kind: 'stored', entry, outcome }, shared: { kind: 'stored', entry, detail } };
  }

  /** The origin says that what is stored is still good. */
  async #confirm(
    stored: StoredResponse,
    captured: CapturedResponse,
    times: ExchangeTimes,
    position: number,
    { because }: Forwarding,
  ): Promise<Outcome> {
    await closeBody(captured.body);
    const entry = freshened(stored, captured.fields, times, position, this.#options);
    return {
      arrival: { kind: 'stored', entry, outcome: { fwd: because, fwdStatus: 304 } },
      shared: { kind: 'stored', entry, detail: undefined },
      saved: this.#keeper.update(entry),
    };
  }

  #receive(
    { request, found }: Forwarding,
    captured: CapturedResponse,
    times: ExchangeTimes,
    position: number,
    flight: Flight,
    onStored: () => void,
  ): Outcome {
    const { authorized, directives } = request;
    const plan = planResponse(
      { authorized, noStore: directives.has('no-store') },
      captured.status,
      captured.fields,
      times,
      this.#options,
    );
    const promised = fieldValue(captured.fields, 'content-length');
    const expectedBytes = promised !== undefined && /^\d+$/.test(promised) ? Number(promised) : undefined;
    const reason = this.#keeper.refuses(request.url, found, captured.status, plan, expectedBytes);
    if (reason !== undefined) {
      const refused = { ...plan, reason };
      return { arrival: { kind: 'passing', captured, plan: refused }, shared: { kind: 'nothing' } };
    }
    const { head, body } = this.#keeper.keep({
      request,
      found,
      captured,
      plan,
      position,
      expectedBytes,
      keepGoing: () => flight.unattended || flight.isFollowed,
      abort: () => flight.controller.abort(),
      onEnd: onStored,
      lead: flight.lead,
    });
    flight.subject = head;
    const response: ResponseInFlight = { ...head, body };
    // The first reader is there before the source is read: what nobody has to read is not kept for long.
    const reader = flight.unattended ? undefined : body.join();
    body.start();
    return {
      arrival: { kind: 'streaming', captured, body, reader },
      shared: { kind: 'streaming', response },
    };
  }
}

export function report(environ: Environ, error: unknown): void {
  environ['wsgi.errors'].write(`http-cache: ${error instanceof Error ? error.message : String(error)}\n`);
}
