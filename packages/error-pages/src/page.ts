import type { HeaderList } from '@highball/gateway-protocol';
import { chooseForm, type Form } from './accept.ts';
import { duration, htmlPage, PAGE_POLICY } from './html.ts';
import { textOf } from './statuses.ts';

/** What an error page can tell. */
export interface ErrorFacts {
  /** From 400 to 599. */
  readonly status: number;
  /** By which the request is found in the logs. */
  readonly requestId?: string | undefined;
  /** From Retry-After, where that is a number. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A whole answer. */
export interface ErrorPage {
  /** As in `'404 Not Found'`. */
  readonly status: string;
  /** What the body needs; no Content-Length. */
  readonly headers: HeaderList;
  readonly body: string;
}

/** Facts that the caller may not know. */
export type MoreFacts = Omit<ErrorFacts, 'status'>;

/**
 * Makes the page of a status: HTML for browsers, problem details (RFC 9457) for who asks for JSON, text for others.
 * It tells nothing of the inside of the server.
 *
 * @param status - from 400 to 599; of others it is 500.
 * @param accept - the client's Accept.
 */
export function errorPage(status: number, accept?: string, more: MoreFacts = {}): ErrorPage {
  const known = Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
  return defaultPage(chooseForm(accept), { status: known, ...more });
}

/** The designed page in one form. */
export function defaultPage(form: Form, facts: ErrorFacts): ErrorPage {
  const status = `${facts.status} ${textOf(facts.status).reason}`;
  return { status, headers: headersOf(form, form === 'html'), body: BODIES[form](facts) };
}

const BODIES: Readonly<Record<Form, (facts: ErrorFacts) => string>> = {
  html: htmlPage,
  json: problem,
  text: plainText,
};

const TYPES: Readonly<Record<Form, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/problem+json',
  text: 'text/plain; charset=utf-8',
};

/** @param sealed - whether nothing but its own style may be on the page. */
export function headersOf(form: Form, sealed: boolean): HeaderList {
  const headers: HeaderList = [
    ['Content-Type', TYPES[form]],
    ['X-Content-Type-Options', 'nosniff'],
  ];
  if (sealed) headers.push(['Content-Security-Policy', PAGE_POLICY]);
  return headers;
}

/** RFC 9457 §3.1: of the type about:blank, whose title is the status's reason (§4.2.1). */
function problem({ status, requestId }: ErrorFacts): string {
  const { reason: title, detail } = textOf(status);
  const members = { type: 'about:blank', title, status, detail, ...(requestId && { request_id: requestId }) };
  return `${JSON.stringify(members)}\n`;
}

function plainText({ status, requestId, retryAfterSeconds }: ErrorFacts): string {
  const { reason, detail } = textOf(status);
  const lines = [`${status} ${reason}`, detail];
  if (retryAfterSeconds !== undefined) lines.push(`Try again in ${duration(retryAfterSeconds)}.`);
  if (requestId !== undefined) lines.push(`Request: ${requestId}`);
  return `${lines.join('\n')}\n`;
}
