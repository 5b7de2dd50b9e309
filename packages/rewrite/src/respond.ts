import type { Application } from '@highball/gateway-protocol';

// `import` would read all exports of node:http, one of which loads Node's `fetch`: 20 ms of every start.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

const TEXT: [string, string] = ['Content-Type', 'text/plain; charset=utf-8'];

/** Sends the client elsewhere (RFC 9110 §15.4). */
export function redirectTo(location: string, status: number): Application {
  return (_environ, startResponse) => {
    startResponse(`${status} ${STATUS_CODES[status]}`, [['Location', location], TEXT]);
    return [`${location}\n`];
  };
}

/** Answers with an error. @param allow - what Allow names. */
export function refuseWith(status: number, allow: readonly string[] | undefined): Application {
  return (_environ, startResponse) => {
    const line = `${status} ${STATUS_CODES[status]}`;
    startResponse(line, allow === undefined ? [TEXT] : [['Allow', allow.join(', ')], TEXT]);
    return [`${line}\n`];
  };
}
