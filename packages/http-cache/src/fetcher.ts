import type { Application, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { closeBody } from '@highball/gateway-protocol';
import { performance } from 'node:perf_hooks';
import { type AnswerContext, answerStored, notModified, storedBody } from './answer.ts';
import { answerLanding } from './answer-landing.ts';
import { isSameResponse } from './continued-body.ts';
import { isNotModified } from './conditional.ts';
import { codeOf } from './entry.ts';
import { Flight, type Landing } from './flight.ts';
import { Follower } from './follower.ts';
import type { Forwarding } from './forwarding.ts';
import type { Keeper } from './keeper.ts';
import { findAgain, type Found } from './lookup.ts';
import type { ResolvedOptions } from './options.ts';
import { type Arrival, Origin, report } from './origin.ts';
import type { FetchEvent, HeadInFlight } from './peer-messages.ts';
import { passedFields } from './response-plan.ts';
import { select } from './selection.ts';
import type { Store } from './store.ts';
import { tellOutcome } from './tell-outcome.ts';
import type { Tell } from './peer-server.ts';
import { variantKey } from './vary.ts';

/** Fetches that others may join; beyond it each asks for itself. */
const MAX_FLIGHTS = 4096;
/** Who has waited so often for what was not for it, or was left by who fetched it, asks for itself. */
const MAX_ROUNDS = 8;

/** Gets responses from the origin, once for all who ask at the same time, and has them stored. */
export class Fetcher {
  readonly #origin: Origin;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #keeper: Keeper;
  readonly #flights = new Map<string, Flight>();

  constructor(app: Application, store: Store, keeper: Keeper, options: ResolvedOptions) {
    this.#origin = new Origin(app, store, keeper, options);
    this.#store = store;
    this.#keeper = keeper;
    this.#options = options;
  }

  /** Answers from the origin, or with what somebody else is fetching already, here or in another process. */
  async answer(forwarding: Forwarding, startResponse: StartResponse): Promise<ResponseBody> {
    const deadlineMs = performance.now() + this.#options.collapseTimeoutMs;
    let asked: Forwarding | undefined = forwarding;
    for (let round = 0; asked?.share === true && round < MAX_ROUNDS; round++) {
      const { flight, leads } = await this.#board(asked);
      if (leads) return await this.#lead(asked, flight, startResponse);
      const landing = await flight.wait(deadlineMs - performance.now());
      const body = await answerLanding(landing, asked, startResponse, this.#store, this.#context());
      if (body !== undefined) return body;
      const again: Forwarding | undefined = await this.#next(landing, asked, flight);
      if (again !== undefined && this.#isUsable(again)) {
        const found = await this.#answerFound(again, startResponse);
        if (found !== undefined) return found;
      }
      asked = again;
    }
    const alone = { ...(asked ?? forwarding), share: false };
    return await this.#lead(alone, this.#flightOf(alone), startResponse);
  }

  /** Fetches anew what has been answered stale; one at a time. */
  refresh(forwarding: Forwarding): void {
    const { key } = forwarding.found;
    if (this.#flights.has(key)) return;
    const flight = this.#flightOf(forwarding);
    flight.goOn(this.#options.backgroundTimeoutMs);
    if (forwarding.share && this.#flights.size < MAX_FLIGHTS) this.#flights.set(key, flight);
    void this.#fetchUnattended(forwarding, flight);
  }

  async #fetchUnattended(forwarding: Forwarding, flight: Flight): Promise<void> {
    try {
      if (forwarding.share && !(await this.#takeTurn(forwarding, flight))) return;
      const arrival = await this.#fetch(forwarding, flight);
      // Nobody reads what is not stored.
      if (arrival.kind === 'passing') await closeBody(arrival.captured.body);
    } catch (error) {
      report(forwarding.request.environ, error);
    }
  }

  /** Joins a fetch, or begins one. */
  async #board(asked: Forwarding): Promise<{ flight: Flight; leads: boolean }> {
    const { key } = asked.found;
    const flying = this.#flights.get(key);
    // What was invalidated while it is fetched is for those who came before that.
    if (flying !== undefined && this.#store.isValid(flying.subject)) return { flight: flying, leads: false };
    const flight = this.#flightOf(asked);
    if (flying === undefined && this.#flights.size >= MAX_FLIGHTS) return { flight, leads: true };
    this.#flights.set(key, flight);
    return { flight, leads: this.#store.turns === undefined || (await this.#takeTurn(asked, flight)) };
  }

  #flightOf({ request }: Forwarding): Flight {
    return new Flight({ url: request.url, tags: [], position: this.#store.position });
  }

  /** Among all processes that share the folder. @returns false when another leads, or it is there meanwhile. */
  async #takeTurn(asked: Forwarding, flight: Flight): Promise<boolean> {
    const { turns } = this.#store;
    if (turns === undefined) return true;
    const { key } = asked.found;
    const turn = await turns.take(key);
    if (turn.kind === 'alone') return true;
    if (turn.kind === 'follow') {
      this.#follow(turn.follow, asked, flight);
      return false;
    }
    const { lead } = turn;
    flight.lead = lead;
    flight.follow = (tell) => void lead.join(tell);
    lead.isCurrent = () => this.#store.isValid(flight.subject);
    // It may have been stored between the look at the disk and the turn.
    const again = await this.#lookAgain(asked);
    const isFor = again.found.key === key;
    if (isFor && !this.#isUsable(again)) return true;
    flight.land({ kind: 'again', stored: isFor });
    this.#remove(key, flight);
    await lead.end(isFor ? { kind: 'stored', detail: undefined } : { kind: 'over' });
    return false;
  }

  #follow(follow: (tell: Tell) => void, asked: Forwarding, flight: Flight): void {
    const remove = (): void => this.#remove(asked.found.key, flight);
    const following = {
      store: this.#store,
      keeper: this.#keeper,
      options: this.#options,
      fetchAnew: (begun: HeadInFlight) => {
        remove();
        return this.#fetchAnew(asked, begun);
      },
    };
    const follower = new Follower(following, asked, flight, remove);
    flight.follow = follow;
    follow((event) => follower.take(event));
  }

  /** Once for all whose answer had begun, in all processes. */
  async #fetchAnew(asked: Forwarding, begun: HeadInFlight): Promise<ResponseBody | undefined> {
    const { flight, leads } = await this.#board(asked);
    if (leads) {
      flight.goOn(this.#options.backgroundTimeoutMs);
      await this.#fetchUnattended({ ...asked, share: false }, flight);
    }
    const landing = await flight.wait(this.#options.collapseTimeoutMs);
    if (landing.kind === 'streaming') {
      const { body } = landing.response;
      return isSameResponse(begun, landing.response)
        ? ((body.whole ?? body.join()) as ResponseBody)
        : undefined;
    }
    const { entry } = landing.kind === 'stored' ? landing : (await this.#lookAgain(asked)).found;
    return entry && isSameResponse(begun, entry) ? await storedBody(entry) : undefined;
  }

  async #lookAgain(asked: Forwarding): Promise<Forwarding> {
    const { request } = asked;
    const found = await findAgain(this.#store, asked.found, request.url, request.environ);
    return { ...asked, found };
  }

  #isUsable({ found: { entry }, request }: Forwarding): boolean {
    if (entry === undefined) return false;
    return select(entry.freshness, request.directives, this.#options, this.#options.now()).act === 'use';
  }

  /** What one asks for that could not be answered with what it has waited for; undefined: for itself. */
  async #next(landing: Landing, asked: Forwarding, flight: Flight): Promise<Forwarding | undefined> {
    if (landing.kind === 'again') {
      const again = await this.#lookAgain(asked);
      const isNew = this.#isUsable(again) || again.found.key !== asked.found.key;
      return isNew || !landing.stored ? again : undefined;
    }
    if (landing.kind !== 'streaming') return undefined;
    const { names, variant, url } = landing.response;
    const { found, request } = asked;
    const key = url + variantKey(request.environ, names);
    // Another variant: those who ask for that wait for one another.
    if (key !== url + variant && key !== found.key) {
      const index: Found['index'] = found.index ?? { kind: 'vary', key: url, names, variants: [variant] };
      return { ...asked, found: { ...found, index, key } };
    }
    if (!this.#store.isValid(landing.response)) return asked;
    if (landing.response.body.hasBeginning || flight.follow === undefined) return undefined;
    // A large body, of which memory has only the end: those who come late read it from its file.
    if (this.#flights.get(found.key) === flight) {
      const late = this.#flightOf(asked);
      this.#flights.set(found.key, late);
      this.#follow(flight.follow, asked, late);
    }
    return asked;
  }

  async #answerFound(
    { found: { entry }, request, because }: Forwarding,
    startResponse: StartResponse,
  ): Promise<ResponseBody | undefined> {
    const landing: Landing | undefined = entry && { kind: 'stored', entry, detail: undefined };
    return (
      landing && answerLanding(landing, { request, because }, startResponse, this.#store, this.#context())
    );
  }

  async #lead(forwarding: Forwarding, flight: Flight, startResponse: StartResponse): Promise<ResponseBody> {
    const { request } = forwarding;
    const { environ } = request;
    const arrival = await this.#fetch(forwarding, flight);
    if (arrival.kind === 'stored') {
      const { entry, outcome } = arrival;
      const body = await answerStored(entry, environ, startResponse, outcome, this.#context());
      // Its file has gone in this moment: then all of it is wanted.
      if (body !== undefined) return body;
      this.#store.delete(entry.key);
      const missing = { ...forwarding, found: { ...forwarding.found, entry: undefined }, share: false };
      return await this.#lead(missing, this.#flightOf(missing), startResponse);
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

  /** Resolves with the head of the answer; whatever happens, the flight lands. */
  async #fetch(forwarding: Forwarding, flight: Flight): Promise<Arrival> {
    const { key } = forwarding.found;
    let landing: Landing = { kind: 'nothing' };
    let saved: Promise<void> | undefined;
    try {
      const outcome = await this.#origin.ask(forwarding, flight, () => this.#remove(key, flight));
      landing = outcome.shared;
      saved = outcome.saved;
      return outcome.arrival;
    } finally {
      flight.land(landing);
      flight.headHasCome = true;
      if (landing.kind !== 'streaming') {
        this.#remove(key, flight);
        void this.#tellOthers(flight, this.#eventOf(landing, forwarding), saved);
      }
    }
  }

  /** What is streaming is told of by who stores it. */
  async #tellOthers(flight: Flight, event: FetchEvent, saved: Promise<void> | undefined): Promise<void> {
    try {
      await saved;
    } finally {
      await flight.lead?.end(event);
    }
  }

  #eventOf(landing: Landing, { request }: Forwarding): FetchEvent {
    if (landing.kind === 'stored') return { kind: 'stored', detail: landing.detail };
    return { kind: 'nothing', passUntilMs: this.#keeper.passUntil(request.url) };
  }

  #remove(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  #context(): AnswerContext {
    return { name: this.#options.name, now: this.#options.now() };
  }
}
