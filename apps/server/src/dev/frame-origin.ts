import { fileURLToPath } from 'node:url';

/** Whose code a frame is. */
export type FrameOrigin = 'application' | 'dependency' | 'server';

/** The folder of this package, and that of its siblings in a checkout. */
const OWN_FOLDERS = [
  new URL('../../', import.meta.url),
  new URL('../../../../packages/', import.meta.url),
].map((url) => fileURLToPath(url));

/** The server's packages as they are installed, and what loads TypeScript for it. */
const TOOLS = /[\\/]node_modules[\\/](?:@highball|highball|tsx|esbuild)[\\/]/;

/**
 * Whose code a file is. Node's own counts as the server's: neither can be mended by who writes an application.
 * @param isOwn - whether a file is the application's.
 */
export function frameOrigin(file: string, isOwn: (file: string) => boolean): FrameOrigin {
  if (isOwn(file)) return 'application';
  if (file.startsWith('node:') || OWN_FOLDERS.some((folder) => file.startsWith(folder))) return 'server';
  return TOOLS.test(file) ? 'server' : 'dependency';
}
