import type { Environ } from '@highball/gateway-protocol';
import { html } from '../html.ts';
import { type Answer, page } from '../http.ts';
import { layout } from '../layout.ts';

/** Keys whose values are the reader's secret. */
const SECRET = /COOKIE|AUTHORIZATION/;

/** Which processes have served this very request, and what the application was told about it. */
export function aboutRequest(environ: Environ): Answer {
  const facts = [
    ['Master', environ['highball.master_pid']],
    ['Upstream', environ['highball.pool']],
    ['Worker', environ['highball.worker_id']],
    ['Worker process', environ['highball.worker_pid'] ?? process.pid],
    ['Node', process.version],
  ] as const;
  const keys = Object.keys(environ).filter((key) =>
    ['string', 'number', 'boolean'].includes(typeof environ[key]),
  );
  const content = html`<h1 class="page">About this request</h1>
    <p class="lead">Reload this page a few times: the balancer gives the request to another server.</p>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${String(value ?? 'unknown')}</dd>
          </div>`,
      )}
    </dl>
    <h2>What the application sees</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="environ">
      <table>
        <thead>
          <tr>
            <th scope="col">environ</th>
            <th scope="col">value</th>
          </tr>
        </thead>
        <tbody>
          ${keys.toSorted().map(
            (key) =>
              html`<tr>
                <th scope="row">${key}</th>
                <td>${SECRET.test(key) ? '(hidden)' : String(environ[key])}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  return page(layout({ title: 'About this request', current: '/about', content }));
}
