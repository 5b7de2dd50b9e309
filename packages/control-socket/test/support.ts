import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { connectControl } from '../src/client.ts';
import type { CommandHandlers, CommandTypes } from '../src/commands.ts';
import type {
  ControlClient,
  ControlClientOptions,
  ControlServer,
  ControlServerOptions,
} from '../src/index.ts';
import { serveControl } from '../src/server.ts';

/** A server in a folder of its own, and a way to its clients; both end with the test. */
export interface Served extends AsyncDisposable {
  server: ControlServer;
  path: string;
  connect(options?: ControlClientOptions): Promise<ControlClient<CommandTypes>>;
}

export async function serve(
  handlers: CommandHandlers<CommandTypes>,
  options: ControlServerOptions = {},
): Promise<Served> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const server = await serveControl(path, handlers, options);
  const clients: ControlClient<CommandTypes>[] = [];
  return {
    server,
    path,
    async connect(clientOptions) {
      const client = await connectControl<CommandTypes>(path, clientOptions);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
