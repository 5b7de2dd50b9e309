/**
 * Types beside `text/*` and the structured suffixes that are text inside, or bytes not compressed by themselves:
 * mime-db's, without disk images and `application/octet-stream`, of which nobody knows what they are, and with
 * some that it does not judge. test/compressible.test.ts compares.
 */
const TYPES: ReadonlySet<string> = new Set([
  ...prefixed(
    'application',
    'dart ecmascript javascript json postscript rtf sql tar toml wasm xml xml-dtd yaml',
  ),
  ...prefixed('application', 'graphql json-seq jsonl ndjson vnd.apple.mpegurl vnd.dart vnd.ms-fontobject'),
  ...prefixed(
    'application',
    'vnd.ms-opentype x-httpd-php x-javascript x-json x-ndjson x-ns-proxy-autoconfig',
  ),
  ...prefixed('application', 'x-sh x-tar x-www-form-urlencoded x-yaml'),
  ...prefixed('image', 'bmp vnd.adobe.photoshop vnd.microsoft.icon vnd.ms-dds x-icon x-ms-bmp'),
  ...prefixed('font', 'otf ttf'),
  'message/rfc822',
  'model/gltf-binary',
  'x-shader/x-fragment',
  'x-shader/x-vertex',
]);

function prefixed(main: string, subtypes: string): string[] {
  return subtypes.split(' ').map((subtype) => `${main}/${subtype}`);
}

/** RFC 6839, RFC 9512: what a structured suffix says holds for any type. */
const SUFFIX = /\+(?:json|xml|yaml|json-seq)$/;

/**
 * Whether contents of this media type get markedly smaller by compression: texts, JSON, XML, fonts without a
 * compression of their own, bitmaps, WebAssembly.
 * @param mediaType - without parameters, in lower case.
 */
export function isCompressible(mediaType: string): boolean {
  return mediaType.startsWith('text/') || TYPES.has(mediaType) || SUFFIX.test(mediaType);
}
