import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { closeBody } from '@highball/gateway-protocol';
import { answerStored, notModified } from './answer.ts';
import { answerLanding } from './answer-landing.ts';
import type { CacheOutcome } from './cache-status.ts';
import { type CapturedResponse, capture } from './capture.ts';
import { isNotModified } from './conditional.ts';
import { codeOf, type StoredResponse } from './entry.ts';
import { fieldValue } from './fields.ts';
import { Flight, type Landing, type ResponseInFlight, signalOf } from './flight.ts';
import type { Forwarding } from './forwarding.ts';
import type { ExchangeTimes } from './freshness.ts';
import type { Keeper } from './keeper.ts';
import type { ResolvedOptions } from './options.ts';
import { originEnviron } from './origin-environ.ts';
import { freshened, passedFields, planResponse, type ResponsePlan } from './response-plan.ts';
import { mayStandIn } from './selection.ts';
import type { Reader, SharedBody } from './shared-body.ts';
import type { Store } from './store.ts';
import { tellOutcome } from './tell-outcome.ts';
import { passNotes } from './upstream-notes.ts';

/** Errors that a stale response may stand in for (RFC 5861 §4). */
const ERRORS: ReadonlySet<number> = new Set([500, 502, 503, 504]);
/** Fetches that others may join; beyond it each asks for itself. */
const MAX_FLIGHTS = 4096;

/** What a fetch has come to, for the one that asked. */
type Arrival =
  | { readonly kind: 'stored'; readonly entry: StoredResponse; readonly outcome: CacheOutcome }
  | {
      readonly kind: 'streaming';
      readonly captured: CapturedResponse;
      readonly body: SharedBody;
      readonly reader: Reader | undefined;
    }
  | { readonly kind: 'passing'; readonly captured: CapturedResponse; readonly plan: ResponsePlan };

/** Gets responses from the origin, once for all who ask at the same time, and has them stored. */
export class Fetcher {
  readonly #app: Application;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #keeper: Keeper;
  readonly #flights = new Map<string, Flight>();

  constructor(app: Application, store: Store, keeper: Keeper, options: ResolvedOptions) {
    this.#app = app;
    this.#store = store;
    this.#keeper = keeper;
    this.#options = options;
  }

  /** Answers from the origin, or with what somebody else is fetching already. */
  async answer(forwarding: Forwarding, startResponse: StartResponse): Promise<ResponseBody> {
    const flight = forwarding.share ? this.#flights.get(forwarding.found.key) : undefined;
    if (flight !== undefined) {
      const landing = await flight.wait(this.#options.collapseTimeoutMs);
      const body = await answerLanding(landing, forwarding, startResponse, this.#store, this.#context());
      if (body !== undefined) return body;
      return await this.#lead({ ...forwarding, share: false }, startResponse);
    }
    return await this.#lead(forwarding, startResponse);
  }

  /** Fetches anew what has been answered stale; one at a time. */
  refresh(forwarding: Forwarding): void {
    if (this.#flights.has(forwarding.found.key)) return;
    const flight = this.#takeOff(forwarding);
    flight.goOn(this.#options.backgroundTimeoutMs);
    void this.#fetchUnattended(forwarding, flight);
  }

  async #fetchUnattended(forwarding: Forwarding, flight: Flight): Promise<void> {
    try {
      const arrival = await this.#fetch(forwarding, flight);
      // Nobody reads what is not stored.
      if (arrival.kind === 'passing') await closeBody(arrival.captured.body);
    } catch (error) {
      this.#report(forwarding.request.environ, error);
    }
  }

  async #lead(forwarding: Forwarding, startResponse: StartResponse): Promise<ResponseBody> {
    const { request } = forwarding;
    const { environ } = request;
    const flight = this.#takeOff(forwarding);
    const arrival = await this.#fetch(forwarding, flight);
    if (arrival.kind === 'stored') {
      const body = await answerStored(
        arrival.entry,
        environ,
        startResponse,
        arrival.outcome,
        this.#context(),
      );
      // Its file has gone in this moment: then all of it is wanted.
      if (body !== undefined) return body;
      this.#store.delete(arrival.entry.key);
      const found = { ...forwarding.found, entry: undefined };
      return await this.#lead({ ...forwarding, found, share: false }, startResponse);
    }
    const { captured } = arrival;
    const fields = passedFields(captured.fields, this.#options);
    tellOutcome(environ, fields, this.#options.name, {
      fwd: forwarding.because,
      fwdStatus: codeOf(captured.status),
      stored: arrival.kind === 'streaming',
      ...(arrival.kind === 'passing' && arrival.plan.reason && { detail: arrival.plan.reason }),
    });
    if (arrival.kind === 'passing') {
      startResponse(captured.status, fields);
      return captured.body;
    }
    const { body, reader } = arrival;
    if (codeOf(captured.status) === 200 && isNotModified(environ, fields, this.#options.now())) {
      // The client has it; the store is to have it too.
      flight.goOn(this.#options.backgroundTimeoutMs);
      reader?.close();
      return notModified(fields, startResponse);
    }
    startResponse(captured.status, fields);
    if (body.whole === undefined) return reader as ResponseBody;
    reader?.close();
    return body.whole as Uint8Array[];
  }

  #takeOff({ found, share }: Forwarding): Flight {
    const flight = new Flight();
    if (share && this.#flights.size < MAX_FLIGHTS && !this.#flights.has(found.key)) {
      this.#flights.set(found.key, flight);
    }
    return flight;
  }

  /** Resolves with the head of the answer; whatever happens, the flight lands. */
  async #fetch(forwarding: Forwarding, flight: Flight): Promise<Arrival> {
    const { key } = forwarding.found;
    let landing: Landing = { kind: 'nothing' };
    try {
      const { arrival, shared } = await this.#ask(forwarding, flight, () => this.#remove(key, flight));
      landing = shared;
      return arrival;
    } finally {
      flight.land(landing);
      flight.headHasCome = true;
      if (landing.kind !== 'streaming') this.#remove(key, flight);
    }
  }

  #remove(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  async #ask(
    forwarding: Forwarding,
    flight: Flight,
    onStored: () => void,
  ): Promise<{ arrival: Arrival; shared: Landing }> {
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
      this.#report(request.environ, error);
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
  #instead(
    { request, found, because }: Forwarding,
    what: string,
  ): { arrival: Arrival; shared: Landing } | undefined {
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
  ): Promise<{ arrival: Arrival; shared: Landing }> {
    await closeBody(captured.body);
    const entry = freshened(stored, captured.fields, times, position, this.#options);
    await this.#keeper.update(entry);
    return {
      arrival: { kind: 'stored', entry, outcome: { fwd: because, fwdStatus: 304 } },
      shared: { kind: 'stored', entry, detail: undefined },
    };
  }

  #receive(
    { request, found }: Forwarding,
    captured: CapturedResponse,
    times: ExchangeTimes,
    position: number,
    flight: Flight,
    onStored: () => void,
  ): { arrival: Arrival; shared: Landing } {
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
    const { names, variant, body } = this.#keeper.keep({
      request,
      found,
      captured,
      plan,
      position,
      expectedBytes,
      keepGoing: () => flight.unattended,
      abort: () => flight.controller.abort(),
      onEnd: onStored,
    });
    const response: ResponseInFlight = {
      ...plan,
      status: captured.status,
      url: request.url,
      position,
      names,
      variant,
      body,
    };
    // The first reader is there before the source is read: what nobody has to read is not kept for long.
    const reader = flight.unattended ? undefined : body.join();
    body.start();
    return {
      arrival: { kind: 'streaming', captured, body, reader },
      shared: { kind: 'streaming', response },
    };
  }

  #context(): { name: string | false; now: number } {
    return { name: this.#options.name, now: this.#options.now() };
  }

  #report(environ: Environ, error: unknown): void {
    environ['wsgi.errors'].write(`http-cache: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
