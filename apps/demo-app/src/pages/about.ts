import type { Environ } from '@highball/gateway-protocol';
import { type Html, html } from '../html.ts';
import { type Answer, page } from '../http.ts';
import { layout } from '../layout.ts';

/** Keys whose values may be the reader's secret. */
const SECRET = /COOKIE|AUTH|TOKEN|SECRET|SESSION|PASSWORD|CREDENTIAL|API_?KEY/i;

/** Which processes have served this very request, and what the application was told about it. */
export function aboutRequest(environ: Environ): Answer {
  const content = html`<h1 class="page">About this request</h1>
    <p class="lead">
      This page was made for one request, and tells which way it took. Reload it: the balancer gives the next
      one to the other server.
    </p>
    <ol class="way" aria-label="The way of this request">
      ${wayOf(environ).map(station)}
    </ol>
    ${processes(environ)}
    <h2>What the application was told</h2>
    <p>
      A gateway application is called with a dictionary,
      <code>environ</code>, in the words of CGI and of PEP 3333. This is yours.
    </p>
    <table class="environ">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        ${Object.keys(environ)
          .filter((key) => ['string', 'number', 'boolean'].includes(typeof environ[key]))
          .toSorted()
          .map((key) => row(key, environ[key]))}
      </tbody>
    </table>`;
  return page(layout({ title: 'About this request', current: '/about', content }));
}

/** The stations of a request, from the client to this function. */
function wayOf(environ: Environ): [name: string, value: string][] {
  return [
    ['Your address', environ.REMOTE_ADDR || 'a Unix socket'],
    ['Front', environ['HTTP_VIA']?.replace(/^\S+ /, '') ?? 'none: you are connected to the worker'],
    ['Upstream', textOf(environ['highball.pool'])],
    [`Worker ${textOf(environ['highball.worker_id'])}`, `process ${process.pid}`],
  ];
}

/** Who keeps whom alive; nothing where another server than Highball runs the application. */
function processes(environ: Environ): Html | undefined {
  if (environ['highball.master_pid'] === undefined) return undefined;
  return html`<p>
    The master is process <strong>${textOf(environ['highball.master_pid'])}</strong>: it opened the sockets,
    keeps the workers alive, and never touches a request. The worker that answered you has been running for
    ${Math.round(process.uptime())} seconds on Node ${process.versions.node}. End it with
    <code>kill -9 ${process.pid}</code> and reload: another one has taken its place.
  </p>`;
}

function station([name, value]: [string, string]): Html {
  return html`<li><small>${name}</small> <strong>${value}</strong></li>`;
}

function row(key: string, value: unknown): Html {
  return html`<tr>
    <th scope="row">${breakable(key)}</th>
    <td>${SECRET.test(key) ? html`<em>hidden</em>` : String(value)}</td>
  </tr>`;
}

/** A long name that narrow screens may break behind its words. */
function breakable(key: string): Html[] {
  return key.split(/(?<=[_.])/).map((word) => html`${word}<wbr />`);
}

/** A number or a name that the server gives; another server than Highball may give none. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown';
}
