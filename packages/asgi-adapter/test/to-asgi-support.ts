import type {
  Application,
  AsgiReceiveEvent,
  AsgiSendEvent,
  Environ,
  HttpScope,
} from '@highball/gateway-protocol';
import { ClientDisconnected, toAsgi } from '../src/index.ts';

/** What a server offers of HTTP. */
export const SCOPE: HttpScope = {
  type: 'http',
  asgi: { version: '3.0', spec_version: '2.5' },
  http_version: '1.1',
  method: 'GET',
  scheme: 'http',
  path: '/',
  raw_path: '/',
  query_string: '',
  root_path: '',
  headers: [],
  client: ['192.0.2.1', 4711],
  server: ['example.org', 8000],
  extensions: { 'http.response.trailers': {}, 'http.response.early_hint': {} },
};

/** What an application has sent, and how it has ended. */
export interface Run {
  events: AsgiSendEvent[];
  error: unknown;
}

/** Runs a call-shaped application for one scope, by hand. */
export async function run(
  app: Application,
  scope: Partial<HttpScope> = {},
  received: AsgiReceiveEvent[] = [{ type: 'http.request', body: new Uint8Array(), more_body: false }],
  goneAfter: number = Infinity,
): Promise<Run> {
  const events: AsgiSendEvent[] = [];
  let error: unknown;
  const receive = async (): Promise<AsgiReceiveEvent> => received.shift() ?? { type: 'http.disconnect' };
  const send = async (event: AsgiSendEvent): Promise<void> => {
    if (events.length >= goneAfter) throw new ClientDisconnected();
    events.push(event);
  };
  try {
    await toAsgi(app)({ ...SCOPE, ...scope }, receive, send);
  } catch (thrown) {
    error = thrown;
  }
  return { events, error };
}

/** The bodies of the events, as text. */
export function textsOf(events: AsgiSendEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'http.response.body' ? [Buffer.from(event.body ?? []).toString()] : [],
  );
}

/** The environ that is made of a scope. */
export async function environOf(scope: Partial<HttpScope>): Promise<Environ> {
  let environ: Environ | undefined;
  await run((asked, start) => {
    environ = asked;
    start('204 No Content', []);
    return [];
  }, scope);
  return environ as Environ;
}
