import { UpstreamError } from '../errors.ts';
import type { AnswerHead } from '../exchange.ts';

/**
 * The head of an answer out of what node:http2 has read: a flat list with `:status` in it, whose values nghttp2 has
 * checked (RFC 9113 §8.2.1, §8.3.2).
 * @throws UpstreamError BAD_RESPONSE
 */
export function answerHead(flat: readonly string[]): AnswerHead {
  const fields: string[] = [];
  let status = 0;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (name === ':status') status = Number(flat[i + 1]);
    else if (!name.startsWith(':')) fields.push(name, flat[i + 1] as string);
  }
  if (status < 100 || status > 599) {
    throw new UpstreamError('BAD_RESPONSE', `the upstream does not speak its protocol: status ${status}`);
  }
  return { status, reason: '', fields, minorVersion: undefined, upgrade: undefined };
}
