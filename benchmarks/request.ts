/** What the client tells about itself: what a browser sends, or nothing. */
export type Client = 'browser' | 'bare';

/** With the request line and Host about 600 bytes. */
const BROWSER: readonly string[] = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=3f2a9c4e7b1d4f6e8a0c2b5d; theme=dark',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Upgrade-Insecure-Requests: 1',
];

/** The lines of the head after Host; with a tag, one that has the answer already. */
export function headerLines(client: Client, etag?: string): string[] {
  return [
    ...(client === 'browser' ? BROWSER : []),
    ...(etag === undefined ? [] : [`If-None-Match: ${etag}`]),
  ];
}

/** The whole request. */
export function requestText(path: string, client: Client, etag?: string): string {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headerLines(client, etag)];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
