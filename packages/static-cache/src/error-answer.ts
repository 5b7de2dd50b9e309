import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';

/**
 * Answers an error in the place of the default line of text.
 * @param status - code and reason, as in `'404 Not Found'`.
 * @param headers - what the answer must have: Allow with 405, Content-Range with 416.
 */
export type ErrorAnswer = (
  status: string,
  headers: HeaderList,
  environ: Environ,
  startResponse: StartResponse,
) => ResponseBody | Promise<ResponseBody>;

/** The default: the status as a line of text. */
export const answerPlainly: ErrorAnswer = (status, headers, _environ, startResponse) => {
  startResponse(status, [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['X-Content-Type-Options', 'nosniff'],
    ...headers,
  ]);
  return [`${status}\n`];
};
