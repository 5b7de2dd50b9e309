import type { MakeErrorPage } from '@highball/async-worker';
import type { ErrorPages } from '@highball/error-pages';
import type { Config } from '../config.ts';

/**
 * The pages that a configuration wants for errors; undefined where it wants none.
 * @throws ErrorPagesError when an option makes no sense, or a file cannot be read.
 */
export async function sitePages(config: Config, folder: string): Promise<ErrorPages | undefined> {
  const { errorPages: options = false } = config;
  if (options === false) return undefined;
  const { errorPages } = await import('@highball/error-pages');
  return errorPages({ root: folder, ...(options !== true && options) });
}

/** The same for what the server refuses by itself, before any route is reached. */
export function refusalPages(pages: ErrorPages): MakeErrorPage {
  return (status, environ) => {
    // What a client likes stands in its head. Of one that cannot be read nothing is known but that a page may be shown.
    if (environ === undefined) return pages.page(status, 'text/html');
    const requestId = environ['highball.request_id'];
    return pages.page(status, environ['HTTP_ACCEPT'], typeof requestId === 'string' ? { requestId } : {});
  };
}
