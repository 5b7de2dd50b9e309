import type { Report } from './report.ts';

/** What the server has done with a body. */
export interface BodyUse {
  iterated: boolean;
  closed: boolean;
}

/** What is left of a body that was collected. It must not lead to the body. */
interface Remains {
  readonly use: BodyUse;
  readonly report: Report;
}

/** Only who can no longer call `close` is known not to: hence the question is put to the garbage collector. */
const bodies = new FinalizationRegistry<Remains>(({ use, report }) => {
  if (use.closed) return;
  report('CLOSE_MISSING', 'a body was thrown away without a call of its close; call it in a finally');
});

/**
 * Has a body that the server never closes reported, some time after it was let go.
 * @param report - must not throw: nobody is there to catch it.
 */
export function expectClose(body: object, use: BodyUse, report: Report): void {
  bodies.register(body, { use, report });
}
