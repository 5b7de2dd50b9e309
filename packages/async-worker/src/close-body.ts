import { closeBody, type ResponseBody } from '@highball/gateway-protocol';

/** Whether a body has a `close` to be called; an application may have returned anything. */
export function isClosable(body: unknown): body is ResponseBody {
  return typeof body === 'object' && body !== null && 'close' in body;
}

/**
 * Calls `close` of a body; an error of it is only reported, since the response is over.
 * @returns a promise when there is something to wait for.
 */
export function closeQuietly(
  body: ResponseBody,
  report: (error: unknown) => void,
): Promise<void> | undefined {
  try {
    return closeBody(body)?.then(undefined, report);
  } catch (error) {
    report(error);
    return undefined;
  }
}
