import { fromAsgi } from '@highball/asgi-adapter';
import { type FetchHandler, fromFetch } from '@highball/fetch-adapter';
import type { Application, AsgiApplication, InterfaceName } from '@highball/gateway-protocol';
import { fromNode, type NodeHandler, recogniseNode, toApplication } from '@highball/node-adapter';
import type { Lifecycle } from './lifecycle.ts';
import { shapeOf } from './shape.ts';

/**
 * Makes a gateway application of what a program exports, whatever its shape, and starts it.
 * @throws ShapeError when the shape is not clear; what the application throws while it starts.
 */
export async function adaptApplication(
  value: unknown,
  asked: InterfaceName | 'auto',
  lifecycle: Lifecycle,
): Promise<Application> {
  switch (shapeOf(value, asked)) {
    case 'asgi':
      return startAsgi(value as AsgiApplication, lifecycle);
    case 'node':
      return adaptNode(value, lifecycle);
    case 'fetch':
      return fromFetch(value as FetchHandler);
    default:
      return value as Application;
  }
}

async function startAsgi(app: AsgiApplication, lifecycle: Lifecycle): Promise<Application> {
  const gateway = fromAsgi(app);
  await gateway.startup();
  lifecycle.onStop(() => gateway.shutdown());
  return gateway.application;
}

async function adaptNode(value: unknown, lifecycle: Lifecycle): Promise<Application> {
  const shape = recogniseNode(value);
  if (shape === undefined) return fromNode(value as NodeHandler);
  const application = await toApplication(value);
  // Its plugins have databases to close.
  if (shape === 'fastify') lifecycle.onStop(() => (value as { close(): Promise<void> }).close());
  return application;
}
