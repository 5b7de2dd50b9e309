// One worker with the proxy in front of the port that is given; prints its own port.
import { createWorker } from '@highball/async-worker';
import { createBalancer } from '@highball/balancer';
import { reverseProxy } from '@highball/reverse-proxy';

const picker = createBalancer({ peers: [{ id: `http://127.0.0.1:${process.argv[2]}` }] });
const worker = createWorker(reverseProxy({ picker }));
const { port } = await worker.listen({ port: 0, host: '127.0.0.1' });
console.log(port);
