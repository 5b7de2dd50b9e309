import { EVENTS_PATH } from './private-paths.ts';

/**
 * The script of a page: it asks for the server's version, and reloads the page when that is not its own any more.
 * While the page is hidden it holds no connection, since browsers open only six to a host (HTTP/1.1); when it is
 * shown again, or comes out of the back/forward cache, it asks anew.
 */
export const PAGE_CLIENT: string = `(() => {
  const script = document.currentScript;
  const { version } = script.dataset;
  // The page's own scripts find the document as the application made it.
  script.remove();
  if (window !== window.top) return;
  let source, retry;
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource('${EVENTS_PATH}');
    source.onmessage = ({ data }) => {
      if (data === version) return;
      close();
      location.reload();
    };
    source.onerror = () => {
      // The browser asks again by itself unless something else has answered, as another server at this port.
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      retry = setTimeout(open, 1000);
    };
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
})();
`;
