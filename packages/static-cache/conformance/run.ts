import { temporaryFolder } from '@highball/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askAll, type Outcome } from './ask-all.ts';
import { caddyPeer, nginxPeer, nodePeer, type Peer } from './peers.ts';
import { probes } from './probes.ts';
import { makeSite } from './site.ts';

// node -C @highball/source packages/static-cache/conformance/run.ts
await using folder = await temporaryFolder();
const root = await makeSite(folder.path);
const all = ['gzip', 'br'];
const peers: Peer[] = await Promise.all([
  nodePeer('static-cache', 'highball.ts', root, all),
  nginxPeer(root, folder.path),
  caddyPeer(root, folder.path),
  nodePeer('sirv', 'sirv.ts', root, all),
  nodePeer('serve-static', 'serve-static.ts', root, []),
  nodePeer('@fastify/static', 'fastify-static.ts', root, all),
]);

const columns: Outcome[][] = [];
for (const peer of peers) columns.push(await askAll(peer));
for (const peer of peers) await peer.stop();

const table = render(peers, columns);
await writeFile(join(import.meta.dirname, '../docs/conformance.md'), table);
console.log(table);
if (columns[0]?.some(({ verdict }) => verdict !== 'right')) process.exitCode = 1;

function render(servers: readonly Peer[], outcomes: readonly Outcome[][]): string {
  const rows = probes.map(({ group, name }, row) => {
    const cells = outcomes.map((column) => cell(column[row] as Outcome));
    return `| ${group} | ${name.replaceAll('|', '\\|')} | ${cells.join(' | ')} |`;
  });
  const sums = outcomes.map((column) => {
    const asked = column.filter(({ verdict }) => verdict !== 'not asked').length;
    return `${column.filter(({ verdict }) => verdict === 'right').length} of ${asked}`;
  });
  return `# Static files: ${probes.length} probes over raw sockets

Made by \`node -C @highball/source packages/static-cache/conformance/run.ts\`, which starts all servers on the same folder and asks each the same bytes; what is right is said in \`conformance/probes.ts\`. A number is the status of an answer that is not right (the status itself may be right, and a field or the body not); \`–\` was not asked, since the server does not look for such siblings; \`crash\` ended the process, \`none\` is no answer within 1.5 s. Peers have their defaults, but for siblings with codings, the media types of the site in nginx, and \`etag\` of sirv; serve-static and @fastify/static leave other methods than GET and HEAD to the routes behind them.

|  | probe | ${servers.map(({ name }) => name).join(' | ')} |
| --- | --- | ${servers.map(() => '---').join(' | ')} |
${rows.join('\n')}
|  | **right** | ${sums.map((sum) => `**${sum}**`).join(' | ')} |
`;
}

function cell({ verdict, status, crashed }: Outcome): string {
  if (verdict === 'not asked') return '–';
  if (verdict === 'right') return '✓';
  if (crashed) return 'crash';
  return status === 0 ? 'none' : String(status);
}
