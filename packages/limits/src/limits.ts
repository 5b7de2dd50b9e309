import type {
  Application,
  Environ,
  Middleware,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { compileAllowList } from './address.ts';
import { announcesMore, LimitedInput } from './body-limit.ts';
import { BodyTooLargeError } from './errors.ts';
import { guardStore, STORE_AWAY } from './guard-store.ts';
import { memoryStore } from './memory-store.ts';
import { type LimitsOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { refuse } from './refusal.ts';
import { releaseAtEnd } from './release-at-end.ts';
import { Reporter } from './reporter.ts';
import { type CompiledRule, compileRules } from './rules.ts';
import type { Claim, Decision, LimitStore } from './store.ts';
import { waitWithClient } from './wait.ts';

/** Middleware that keeps requests within limits. */
export interface Limits extends Middleware {
  /** Closes the store. */
  close(): Promise<void>;
}

/** What became of a request: for logs, in `environ['highball.limit_status']`; nginx's `$limit_req_status`. */
type LimitStatus = 'PASSED' | 'DELAYED' | 'REJECTED' | 'DELAYED_DRY_RUN' | 'REJECTED_DRY_RUN';

type Answer = ResponseBody | Promise<ResponseBody>;

/**
 * Makes middleware that limits requests a second, requests and connections at a time, and the size of bodies.
 * @throws LimitsOptionError
 */
export function limits(options: LimitsOptions): Limits {
  const resolved = resolveOptions(options);
  const gate = new Gate(resolved, options.store);
  const middleware: Middleware = (app) => (environ, startResponse) => gate.pass(app, environ, startResponse);
  return Object.assign(middleware, { close: () => gate.close() });
}

class Gate {
  readonly #options: ResolvedOptions;
  readonly #enforced: readonly CompiledRule[];
  readonly #tried: readonly CompiledRule[];
  readonly #isAllowed: (address: string) => boolean;
  readonly #store: LimitStore;
  readonly #reporter: Reporter;
  #delayed = 0;

  constructor(options: ResolvedOptions, store: LimitStore | undefined) {
    const { rules, dryRun, allow, now, after, log } = options;
    const compiled = compileRules(rules, dryRun);
    this.#options = options;
    this.#enforced = compiled.filter((rule) => !rule.dryRun);
    this.#tried = compiled.filter((rule) => rule.dryRun);
    this.#isAllowed = compileAllowList(allow);
    this.#reporter = new Reporter(log, options.logPeriodMs, now);
    const local = memoryStore({ now });
    this.#store =
      store === undefined
        ? local
        : guardStore(store, {
            policy: options.onStoreFailure,
            deadlineMs: options.storeDeadlineMs,
            retryMs: options.storeRetryMs,
            local,
            now,
            after,
            onChange: (err) => {
              if (err === undefined) log.info('the store of the limits is back');
              else log.error('the store of the limits is away', { err, policy: options.onStoreFailure });
            },
          });
  }

  pass(app: Application, environ: Environ, startResponse: StartResponse): Answer {
    const { maxBodyBytes } = this.#options;
    if (maxBodyBytes === Number.POSITIVE_INFINITY) return this.#claim(app, environ, startResponse);
    if (announcesMore(environ, maxBodyBytes)) {
      environ['highball.limit_status'] = 'REJECTED' satisfies LimitStatus;
      return refuse(startResponse, 413, undefined);
    }
    if (environ.CONTENT_LENGTH === undefined)
      environ['wsgi.input'] = new LimitedInput(environ['wsgi.input'], maxBodyBytes);
    return catchTooLarge(() => this.#claim(app, environ, startResponse), startResponse);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #claim(app: Application, environ: Environ, startResponse: StartResponse): Answer {
    if (environ.REMOTE_ADDR && this.#isAllowed(environ.REMOTE_ADDR)) return app(environ, startResponse);
    environ['highball.limit_status'] = 'PASSED' satisfies LimitStatus;
    const tried = this.#tryOut(environ);
    const claims = claimsOf(this.#enforced, environ);
    if (claims.length === 0) {
      return tried === undefined
        ? app(environ, startResponse)
        : releaseAtEnd(app, environ, startResponse, tried);
    }
    const decision = this.#store.acquire(claims);
    const decided = (made: Decision): Answer =>
      this.#act(app, environ, startResponse, claims, both(made, tried));
    return decision instanceof Promise ? decision.then(decided) : decided(decision);
  }

  #act(
    app: Application,
    environ: Environ,
    startResponse: StartResponse,
    claims: readonly RuleClaim[],
    decision: Decision,
  ): Answer {
    const { refusedBy, delayMs, retryAfterMs, release } = decision;
    const full = delayMs > 0 && this.#delayed >= this.#options.maxDelayed;
    if (refusedBy !== -1 || full) {
      release?.();
      const claim = claims[Math.max(refusedBy, 0)];
      if (claim && refusedBy !== STORE_AWAY) this.#report(claim, 'refused');
      environ['highball.limit_status'] = 'REJECTED' satisfies LimitStatus;
      const status = refusedBy === STORE_AWAY ? 503 : (claim?.rule.status ?? 429);
      return refuse(startResponse, status, full ? delayMs : retryAfterMs);
    }
    const run = (): Answer =>
      release === undefined
        ? app(environ, startResponse)
        : releaseAtEnd(app, environ, startResponse, release);
    if (delayMs === 0) return run();
    const [first] = claims;
    if (first) this.#report(first, 'delayed');
    environ['highball.limit_status'] = 'DELAYED' satisfies LimitStatus;
    return this.#later(delayMs, environ, run, () => {
      release?.();
      // Nobody is left to read it.
      return refuse(startResponse, 503, undefined);
    });
  }

  async #later(
    ms: number,
    environ: Environ,
    run: () => Answer,
    leave: () => ResponseBody,
  ): Promise<ResponseBody> {
    this.#delayed++;
    const stayed = await waitWithClient(ms, environ, this.#options.after);
    this.#delayed--;
    return stayed ? run() : leave();
  }

  /**
   * Claims what is only tried out, each rule by itself. The request does not wait for the answer.
   * @returns what gives it back.
   */
  #tryOut(environ: Environ): (() => void) | undefined {
    const claims = claimsOf(this.#tried, environ);
    if (claims.length === 0) return undefined;
    const releases: (() => void)[] = [];
    let over = false;
    for (const claim of claims) {
      const note = ({ refusedBy, delayMs, release }: Decision): void => {
        if (release && over) release();
        else if (release) releases.push(release);
        if (refusedBy === STORE_AWAY || (refusedBy === -1 && delayMs === 0)) return;
        const refused = refusedBy !== -1;
        this.#report(claim, refused ? 'refused' : 'delayed');
        environ['highball.limit_status'] = (
          refused ? 'REJECTED_DRY_RUN' : 'DELAYED_DRY_RUN'
        ) satisfies LimitStatus;
      };
      const decision = this.#store.acquire([claim]);
      if (decision instanceof Promise) void decision.then(note);
      else note(decision);
    }
    return () => {
      over = true;
      for (const release of releases) release();
    };
  }

  #report({ rule, key }: RuleClaim, action: 'refused' | 'delayed'): void {
    this.#reporter.report({ rule: rule.limit.name, key, action, dryRun: rule.dryRun });
  }
}

/** A claim, and whose it is. */
interface RuleClaim extends Claim {
  readonly rule: CompiledRule;
}

function claimsOf(rules: readonly CompiledRule[], environ: Environ): RuleClaim[] {
  const claims: RuleClaim[] = [];
  for (const rule of rules) {
    const key = rule.keyOf(environ);
    if (key === undefined) continue;
    const member = rule.byConnection ? connectionOf(environ) : undefined;
    claims.push({ rule, limit: rule.limit, key, member });
  }
  return claims;
}

/** What tells connections apart; where the server does not say, each request counts as one. */
function connectionOf({ REMOTE_ADDR, REMOTE_PORT }: Environ): string | undefined {
  return REMOTE_PORT ? `${REMOTE_ADDR}|${REMOTE_PORT}` : undefined;
}

/** A decision that gives back also what was tried out. */
function both(decision: Decision, tried: (() => void) | undefined): Decision {
  if (tried === undefined) return decision;
  const { release } = decision;
  return {
    ...decision,
    release: () => {
      release?.();
      tried();
    },
  };
}

/** An application that lets the error of its reading through has it answered. */
function catchTooLarge(run: () => Answer, startResponse: StartResponse): Answer {
  const answer = (error: unknown): ResponseBody => {
    if (!(error instanceof BodyTooLargeError)) throw error;
    return refuse(startResponse, 413, undefined, error);
  };
  try {
    const running = run();
    return running instanceof Promise ? running.catch(answer) : running;
  } catch (error) {
    return answer(error);
  }
}
