import type { FetchHandler } from '@highball/fetch-adapter';
import type { Application, AsgiApplication, InterfaceName } from '@highball/gateway-protocol';
import type { NodeHandler } from '@highball/node-adapter';
import { recogniseNode } from '@highball/node-adapter/recognise';
import type { WorkerLog } from '../worker-log.ts';
import type { Lifecycle } from './lifecycle.ts';
import { shapeOf } from './shape.ts';

export interface AdaptOptions {
  readonly lifecycle: Lifecycle;
  readonly log?: Pick<WorkerLog, 'info'> | undefined;
}

/**
 * Makes a gateway application of what a program exports, whatever its shape, and starts it.
 * @throws ShapeError when the shape is not clear; what the application throws while it starts.
 */
export async function adaptApplication(
  value: unknown,
  asked: InterfaceName | 'auto',
  { lifecycle, log }: AdaptOptions,
): Promise<Application> {
  switch (shapeOf(value, asked)) {
    case 'asgi':
      return startAsgi(value as AsgiApplication, lifecycle, log);
    case 'node':
      return adaptNode(value, lifecycle);
    case 'fetch':
      return adaptFetch(value as FetchHandler, lifecycle);
    default:
      return value as Application;
  }
}

async function startAsgi(
  app: AsgiApplication,
  lifecycle: Lifecycle,
  log: AdaptOptions['log'],
): Promise<Application> {
  const { fromAsgi } = await import('@highball/asgi-adapter');
  const gateway = fromAsgi(app);
  const err = await gateway.startup();
  // It may mean to, or it may be a mistake in its first lines.
  if (err !== undefined)
    log?.info('the application runs without lifespan: it threw when it was asked', { err });
  lifecycle.onStop(() => gateway.shutdown());
  return gateway.application;
}

async function adaptFetch(handler: FetchHandler, lifecycle: Lifecycle): Promise<Application> {
  const { fromFetch } = await import('@highball/fetch-adapter');
  const application = fromFetch(handler);
  // What it has put off until after its answers (`ctx.waitUntil`).
  lifecycle.onStop((graceful) => (graceful ? application.settled() : undefined));
  return application;
}

async function adaptNode(value: unknown, lifecycle: Lifecycle): Promise<Application> {
  const { fromNode, toApplication } = await import('@highball/node-adapter');
  const shape = recogniseNode(value);
  if (shape === undefined) return fromNode(value as NodeHandler);
  const application = await toApplication(value);
  // Its plugins have databases to close.
  if (shape === 'fastify') lifecycle.onStop(() => (value as { close(): Promise<void> }).close());
  return application;
}
