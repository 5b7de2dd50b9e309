import type { Relation } from './error-chain.ts';
import { type ErrorReport, type ReportedError, type ReportedFrame, titleOf } from './error-report.ts';
import { placeText } from './place-text.ts';
import { isSecret } from './secrets.ts';

/** The error for a terminal or a text client: name, message, stack, and the same of its causes. */
export function errorText({ errors }: Pick<ErrorReport, 'errors'>, folder: string): string {
  return errors.map((error) => `${RELATIONS[error.relation]}${oneError(error, folder)}`).join('\n');
}

const RELATIONS: Readonly<Record<Relation, string>> = {
  thrown: '',
  cause: 'caused by ',
  gathered: 'together with ',
};

/**
 * The error for a program: a problem of RFC 9457, with the stack and the causes as extension members.
 * @returns JSON.
 */
export function errorProblem(report: ErrorReport, folder: string): string {
  const [first, ...causes] = report.errors.map(({ relation, name, message, details, frames }) => ({
    relation,
    name,
    message,
    ...(details.length > 0 && {
      details: Object.fromEntries(details.map(([key, text]) => [key, publicText(key, text)])),
    }),
    stack: worthwhile(frames).map((frame) => frameText(frame, folder)),
  }));
  const problem = { type: 'about:blank', title: titleOf(report), status: 500, detail: first?.message };
  return JSON.stringify({ ...problem, error: first, causes }, null, 2);
}

function oneError({ name, message, details, frames }: ReportedError, folder: string): string {
  const lines = [
    `${name}: ${message}`,
    ...details.map(([key, text]) => `    ${key}: ${publicText(key, text)}`),
    ...worthwhile(frames).map((frame) => `    at ${frameText(frame, folder)}`),
  ];
  return lines.join('\n');
}

function publicText(name: string, text: string): string {
  return isSecret(name) ? '[hidden]' : text;
}

function frameText({ name, place, times }: ReportedFrame, folder: string): string {
  return `${name} ${placeText(place, folder)}${times > 1 ? ` (${times} times)` : ''}`.trimStart();
}

/** Of an error that the server itself has thrown, as a breach of the protocol, so many calls are enough. */
const SERVER_FRAMES = 4;

/** Calls within the server are left out, unless there are no others. */
function worthwhile(frames: readonly ReportedFrame[]): readonly ReportedFrame[] {
  const others = frames.filter(({ origin }) => origin !== 'server');
  return others.length > 0 ? others : frames.slice(0, SERVER_FRAMES);
}
