import { isApplicationField } from '@highball/gateway-protocol';
import { isLatin1 } from './check-environ.ts';
import { kindOf, type Report, show } from './report.ts';

/** What a head says about the body behind it. */
export interface HeadFacts {
  /** Three digits; empty when the status was none. */
  readonly code: string;
  /** Whether a response of this status has no body (RFC 9110 §15.3.5, §15.4.5). */
  readonly bodiless: boolean;
  readonly hasType: boolean;
  /** -1 when there is none, or none that can be read. */
  readonly contentLength: number;
}

export const TOKEN: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** All control characters but the tab, which may stand within a value (RFC 9110 §5.5). */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/** Checks the arguments of start_response (PEP 3333, "The start_response() Callable"). */
export function checkHead(status: unknown, headers: unknown, report: Report): HeadFacts {
  const code = checkStatus(status, report);
  const fields = checkFields(headers, 'start_response', report);
  for (const [name, value] of fields) checkResponseField(name, value, code, report);
  const bodiless = code === '204' || code === '304';
  const hasType = checkType(fields, report);
  return { code, bodiless, hasType, contentLength: checkLength(fields, code, report) };
}

function checkStatus(status: unknown, report: Report): string {
  if (typeof status !== 'string') {
    report('STATUS_TYPE', `start_response got the status ${show(status)}; write '200 OK'`);
    return '';
  }
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(status) || !isLatin1(status)) {
    report(
      'STATUS_CHARACTERS',
      `start_response got the status ${show(status)}; keep its reason to plain text`,
    );
    return status.slice(0, 3);
  }
  // A space and no reason behind it is a status line too (RFC 9112 §4), but PEP 3333 wants a reason.
  if (!/^\d{3} \S(?:.*\S)?$/.test(status)) {
    report('STATUS_FORM', `start_response got the status ${show(status)}; write it as '200 OK'`);
  } else if (status.startsWith('1')) {
    const mend = "environ's callables send early hints and take upgrades";
    report('STATUS_INTERIM', `start_response got the interim status ${show(status)}; ${mend}`);
  } else if (!/^[2-5]/.test(status)) {
    report('STATUS_RANGE', `start_response got the status ${show(status)}; take one from 200 to 599`);
  }
  return status.slice(0, 3);
}

/**
 * Checks a list of fields, wherever an application gives one.
 * @param place - what was called with it.
 * @returns the pairs that are pairs of strings, names in lower case.
 */
export function checkFields(headers: unknown, place: string, report: Report): [string, string][] {
  if (!Array.isArray(headers)) {
    const mend = "write [['Content-Type', 'text/plain']]";
    report('HEADERS_TYPE', `${place} got ${kindOf(headers)} for headers; ${mend}`);
    return [];
  }
  const fields: [string, string][] = [];
  for (const [index, pair] of (headers as unknown[]).entries()) {
    if (isPair(pair)) {
      checkField(pair, `header ${index} of ${place}`, report);
      fields.push([pair[0].toLowerCase(), pair[1]]);
    } else {
      const mend = 'write a name and a value, both strings';
      report('HEADER_PAIR', `header ${index} of ${place} is no pair of strings; ${mend}`);
    }
  }
  return fields;
}

/** Whether a value is a name and a value. */
export function isPair(pair: unknown): pair is [string, string] {
  return (
    Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string'
  );
}

function checkField([name, value]: [string, string], place: string, report: Report): void {
  if (!TOKEN.test(name))
    report('HEADER_NAME', `${place} is named ${show(name)}; use letters, digits and hyphens`);
  if (CONTROL.test(value)) {
    const mend = 'encode what came from outside';
    report('HEADER_VALUE_CONTROL', `${place}, ${name}, is ${show(value)}, which could split it; ${mend}`);
  } else if (!isLatin1(value)) {
    const mend = 'percent-encode it, or use RFC 8187';
    report('HEADER_VALUE_LATIN1', `${place}, ${name}, is ${show(value)}; ${mend}`);
  } else if (/^[ \t]|[ \t]$/.test(value)) {
    report('HEADER_VALUE_SPACE', `${place}, ${name}, is ${show(value)}; trim it`);
  }
}

function checkResponseField(name: string, value: string, code: string, report: Report): void {
  if (name === 'status')
    report(
      'HEADER_STATUS',
      "start_response got a header named Status; make it the first argument, as '200 OK'",
    );
  if (isApplicationField(name, value, Number(code))) return;
  report('HEADER_HOP_BY_HOP', `start_response got ${name}: ${value}; leave the connection to the server`);
}

function checkType(fields: readonly [string, string][], report: Report): boolean {
  const count = fields.filter(([name]) => name === 'content-type').length;
  if (count > 1) report('CONTENT_TYPE_REPEATED', `start_response got ${count} Content-Types; keep one`);
  return count > 0;
}

function checkLength(fields: readonly [string, string][], code: string, report: Report): number {
  const lengths = fields.filter(([name]) => name === 'content-length').map(([, value]) => value);
  const [length] = lengths;
  if (length === undefined) return -1;
  if (lengths.length > 1)
    report('CONTENT_LENGTH_REPEATED', `start_response got ${lengths.length} Content-Lengths; keep one`);
  if (code === '204')
    report('CONTENT_LENGTH_UNWANTED', 'start_response got a Content-Length for a 204; leave it out');
  if (/^\d{1,15}$/.test(length)) return Number(length);
  report('CONTENT_LENGTH_FORM', `start_response got the Content-Length ${show(length)}; write digits`);
  return -1;
}
