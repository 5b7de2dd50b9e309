import type { Explanation, Step } from '@highball/rewrite';
import type { Route } from '../config.ts';
import type { UpstreamReport } from '../upstream/report.ts';

/** What is known of the end of a request. */
export interface Ending {
  /** The route that answers. */
  readonly route: Route | undefined;
  /** Its upstream, where it has one. */
  readonly upstream: UpstreamReport | undefined;
  /** The server that a worker would choose that has just started. */
  readonly server: string | undefined;
}

/** An explanation for people: the routes that were asked, one a line, and what comes of it. */
export function explainText(request: string, { steps, outcome }: Explanation, ending: Ending): string {
  const width = Math.max(...steps.map(({ rule }) => rule.length), 0);
  const lines = steps.map((step) => `  ${step.rule.padEnd(width)}  ${stepText(step)}`);
  return [request, ...lines, ...endText(outcome, ending)].join('\n');
}

function stepText({ failed, action, address, to, status }: Step): string {
  switch (action) {
    case 'rewrite':
      return `makes it ${to}`;
    case 'redirect':
      return `sends the client to ${to} (${status})`;
    case 'refuse':
      return `refuses it (${status})`;
    case 'answer':
      return 'answers';
    default:
      return `is not for ${address}: ${failed ?? 'its conditions'}`;
  }
}

function endText(outcome: Explanation['outcome'], { route, upstream, server }: Ending): string[] {
  if (outcome === 'pass') return ['no route answers: 404'];
  if (outcome === 'loop') return ['the routes go round in circles: 500'];
  if (outcome !== 'answer' || route === undefined) return [];
  const cached = (route.cache ?? false) === false ? '' : ', through its cache';
  return [`${whoAnswers(route)}${cached}`, ...(upstream === undefined ? [] : serverLines(upstream, server))];
}

function whoAnswers(route: Route): string {
  if ('proxy' in route && route.proxy !== undefined) return `answered by the upstream ${route.proxy}`;
  if ('static' in route && route.static !== undefined) return `answered by the files of ${route.static}`;
  if ('app' in route && route.app !== undefined) return `answered by ${route.app}`;
  return 'cgi' in route ? `answered by the programs of ${route.cgi}` : 'answered';
}

function serverLines({ balance, peers, more }: UpstreamReport, server: string | undefined): string[] {
  if (peers.length === 0) return [`  ${balance}, over servers that get their addresses at the start`];
  const lines = peers.map(({ id, state, why, backup }) =>
    [
      id === server ? '  →' : '   ',
      id,
      ...(backup ? ['backup'] : []),
      ...(state === 'up' ? [] : [`${state}: ${why}`]),
    ].join(' '),
  );
  return [
    `  ${balance}; the server that a worker chooses first:`,
    ...lines,
    ...(more === 0 ? [] : [`    ${more} more`]),
  ];
}
