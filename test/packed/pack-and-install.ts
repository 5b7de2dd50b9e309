// Packs every published package, installs the tarballs in an empty folder without the repository's sources, and runs
// what was installed: each package is imported, and the command serves applications of several kinds.
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { published } from '../workspaces.ts';
import { importAll, packAndInstall } from './stranger.ts';
import { tryServer } from './try-server.ts';

const node = process.execPath;
await using temporary = await temporaryFolder();
const folder = temporary.path;
packAndInstall(folder);
importAll(node, folder);
await tryServer({ node, bin: join(folder, 'node_modules/.bin/highball'), folder });
console.log(`packed, installed and ran ${published.length} packages`);
