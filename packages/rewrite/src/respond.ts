import type { Application } from '@highball/gateway-protocol';

const REASONS: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  403: 'Forbidden',
  404: 'Not Found',
  410: 'Gone',
};

const TEXT: [string, string] = ['Content-Type', 'text/plain; charset=utf-8'];

/** Sends the client elsewhere (RFC 9110 §15.4). */
export function redirectTo(location: string, status: number): Application {
  return (_environ, startResponse) => {
    startResponse(`${status} ${REASONS[status]}`, [['Location', location], TEXT]);
    return [`${location}\n`];
  };
}

/** Answers with an error. */
export function refuseWith(status: number): Application {
  return (_environ, startResponse) => {
    const line = `${status} ${REASONS[status]}`;
    startResponse(line, [TEXT]);
    return [`${line}\n`];
  };
}
