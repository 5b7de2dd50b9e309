import type { Application } from '@highball/gateway-protocol';
import type { RedirectStatus, RefuseStatus } from './rule.ts';

/** The reasons of RFC 9110 §15 for what rules can answer. */
const REASONS: Readonly<Record<RedirectStatus | RefuseStatus, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
};

const TEXT: [string, string] = ['Content-Type', 'text/plain; charset=utf-8'];

/** Sends the client elsewhere (RFC 9110 §15.4). */
export function redirectTo(location: string, status: RedirectStatus): Application {
  return (_environ, startResponse) => {
    startResponse(`${status} ${REASONS[status]}`, [['Location', location], TEXT]);
    return [`${location}\n`];
  };
}

/** Answers with an error. @param allow - what Allow names. */
export function refuseWith(status: RefuseStatus, allow: readonly string[] | undefined): Application {
  return (_environ, startResponse) => {
    const line = `${status} ${REASONS[status]}`;
    startResponse(line, allow === undefined ? [TEXT] : [['Allow', allow.join(', ')], TEXT]);
    return [`${line}\n`];
  };
}
