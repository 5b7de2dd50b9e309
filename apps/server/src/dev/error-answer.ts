import { chooseForm } from '@highball/error-pages';
import { type Environ, requestField } from '@highball/gateway-protocol';
import { randomBytes } from 'node:crypto';
import type { ErrorAnswer } from './catch-errors.ts';
import { errorHtml } from './error-html.ts';
import type { ErrorReport } from './error-report.ts';
import { errorProblem, errorText } from './error-text.ts';
import { opensPage } from './inject-script.ts';

/** Shows an error in the form that the client wants: a page, a problem (RFC 9457), or text. */
export function errorAnswer(report: ErrorReport, folder: string): ErrorAnswer {
  const { environ } = report;
  const form = chooseForm(requestField(environ, 'Accept'));
  const status = '500 Internal Server Error';
  const common: [string, string][] = [
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
  ];
  if (form === 'json') {
    return {
      status,
      headers: [['Content-Type', 'application/problem+json'], ...common],
      body: errorProblem(report, folder),
    };
  }
  if (form === 'text') {
    return {
      status,
      headers: [['Content-Type', 'text/plain; charset=utf-8'], ...common],
      body: `${errorText(report, folder)}\n`,
    };
  }
  return { status, ...page(report, folder, environ, common) };
}

function page(
  report: ErrorReport,
  folder: string,
  environ: Environ,
  common: [string, string][],
): Pick<ErrorAnswer, 'headers' | 'body'> {
  const nonce = randomBytes(16).toString('base64');
  // Whatever an error's text holds, no script of it runs.
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return {
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['Content-Security-Policy', policy],
      ['Referrer-Policy', 'no-referrer'],
      ...common,
    ],
    body: errorHtml(report, { folder, nonce, live: opensPage(environ) }),
  };
}
