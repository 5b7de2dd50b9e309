import type { EnvironBuilder } from '@highball/environ';
import type { Environ } from '@highball/gateway-protocol';
import { isHost } from '@highball/http-parser';
import type { UwsgiHead } from './uwsgi-head.ts';

/** Packs requests of uwsgi: the client is the web server's, and its variables go along. */
export function withVariables(build: EnvironBuilder): EnvironBuilder {
  return (head, _, input, errors) => {
    const { client, variables } = head as UwsgiHead;
    const environ = build(head, client, input, errors);
    for (let i = 0; i < variables.length; i += 2) {
      const name = variables[i] as string;
      const value = variables[i + 1] as string;
      const check = CHECKED.get(name);
      if (check === undefined) environ[name] = value;
      else check(environ, value);
    }
    return environ;
  };
}

/** Variables that environ has by other means, too, so that they must fit. */
const CHECKED: ReadonlyMap<string, (environ: Environ, value: string) => void> = new Map([
  ['SERVER_PROTOCOL', setProtocol],
  ['SERVER_NAME', setName],
  ['SERVER_PORT', setPort],
  ['SCRIPT_NAME', mount],
]);

function setProtocol(environ: Environ, value: string): void {
  if (/^HTTP\/\d(\.\d)?$/.test(value)) environ.SERVER_PROTOCOL = value;
}

function setName(environ: Environ, value: string): void {
  // `_` is nginx's name for a server that takes what no other does.
  if (value !== '' && value !== '_' && isHost(value)) environ.SERVER_NAME = value;
}

function setPort(environ: Environ, value: string): void {
  if (/^\d{1,5}$/.test(value)) environ.SERVER_PORT = value;
}

/** Where the web server has mounted the application, unless that is known here already. */
function mount(environ: Environ, script: string): void {
  const path = environ.PATH_INFO;
  if (environ.SCRIPT_NAME !== '' || !/^\/.*[^/]$/.test(script)) return;
  if (path !== script && !path.startsWith(`${script}/`)) return;
  environ.SCRIPT_NAME = script;
  environ.PATH_INFO = path.slice(script.length);
}
