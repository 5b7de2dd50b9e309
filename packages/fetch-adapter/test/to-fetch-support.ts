import type { Application, Environ, ErrorStream } from '@highball/gateway-protocol';
import { toFetch, type ToFetchOptions } from '../src/index.ts';

/** An error stream that is kept. */
export class Lines implements ErrorStream {
  text = '';
  write(text: string): void {
    this.text += text;
  }
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }
  flush(): void {
    // Nothing is held back.
  }
}

/** Asks an application by a request of the platform. */
export async function call(
  app: Application,
  request: Request | string = 'http://h/',
  options: ToFetchOptions = {},
): Promise<{ response: Response; errors: Lines }> {
  const errors = new Lines();
  const handler = toFetch(app, { errors, ...options });
  const response = await handler(typeof request === 'string' ? new Request(request) : request);
  return { response, errors };
}

/** Answers with what a function makes of the environ. */
export const echo =
  (make: (environ: Environ) => unknown): Application =>
  (environ, start) => {
    start('200 OK', [['Content-Type', 'application/json']]);
    return [JSON.stringify(make(environ))];
  };
