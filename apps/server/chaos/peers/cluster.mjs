// A master of node:cluster that reloads its workers one by one on HUP: the new one listens before the old one is
// disconnected, and who has not left after two seconds is ended, as in the example of worker.disconnect() in Node's
// documentation.
import cluster from 'node:cluster';
import { once } from 'node:events';

const KILL_MS = 2000;

cluster.setupPrimary({ exec: process.argv[2] });

async function reload() {
  for (const old of Object.values(cluster.workers)) {
    const next = cluster.fork();
    await Promise.race([once(next, 'listening'), once(next, 'exit')]);
    if (next.isDead()) return;
    old.disconnect();
    const timer = setTimeout(() => old.kill(), KILL_MS);
    old.once('exit', () => clearTimeout(timer));
  }
}

for (let worker = 0; worker < Number(process.argv[3]); worker++) cluster.fork();
process.on('SIGHUP', () => void reload());
