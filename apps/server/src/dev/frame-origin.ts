import { fileURLToPath } from 'node:url';

/** Whose code a frame is. */
export type FrameOrigin = 'application' | 'dependency' | 'server';

/** The folder of this package, and that of its siblings in a checkout. */
const OWN_FOLDERS = [
  new URL('../../', import.meta.url),
  new URL('../../../../packages/', import.meta.url),
].map((url) => fileURLToPath(url));

/**
 * Whose code a file is. Node's own counts as the server's: neither can be mended by who writes an application.
 * @param isOwn - whether a file is the application's.
 */
export function frameOrigin(file: string, isOwn: (file: string) => boolean): FrameOrigin {
  if (isOwn(file)) return 'application';
  if (file.startsWith('node:') || /[\\/]node_modules[\\/](?:@highball|highball|tsx|esbuild)[\\/]/.test(file))
    return 'server';
  if (file.includes('node_modules')) return 'dependency';
  return OWN_FOLDERS.some((folder) => file.startsWith(folder)) ? 'server' : 'dependency';
}
