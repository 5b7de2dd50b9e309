import { RawClient } from '@highball/testkit';
import { requestText } from './request.ts';

/** One answer, as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headBytes: number;
  readonly body: string;
  readonly etag?: string;
}

/** Asks once over a connection that stays open. @throws when the answer does not say how long it is. */
export async function ask(port: number, path: string, etag?: string): Promise<Answer> {
  const client = await RawClient.connect(port);
  try {
    client.send(requestText(path, 'browser', etag));
    await client.until('\r\n\r\n');
    const headBytes = client.received.indexOf('\r\n\r\n') + 4;
    const head = client.received.slice(0, headBytes);
    const status = Number(head.slice(9, 12));
    const length = status === 304 ? 0 : Number(/^Content-Length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`an answer without Content-Length:\n${head}`);
    await client.until(new RegExp(`^[^]{${headBytes + length}}`));
    const tag = /^ETag: *(\S+)/im.exec(head)?.[1];
    const body = client.received.slice(headBytes);
    return { status, headBytes, body, ...(tag === undefined ? {} : { etag: tag }) };
  } finally {
    client.destroy();
  }
}

/**
 * Nobody wins by sending less: what they answer must have the same status and body.
 *
 * @throws Error that names who answers otherwise than the first.
 */
export function checkSame(answers: readonly { name: string; answer: Answer }[]): void {
  const [first, ...others] = answers;
  for (const { name, answer } of others) {
    const same = answer.status === first?.answer.status && answer.body === first.answer.body;
    if (same) continue;
    throw new Error(
      `${name} answers ${describe(answer)}, but ${first?.name} ${first && describe(first.answer)}`,
    );
  }
}

function describe({ status, body }: Answer): string {
  return `${status} with ${body.length} bytes ('${body.slice(0, 40)}')`;
}
