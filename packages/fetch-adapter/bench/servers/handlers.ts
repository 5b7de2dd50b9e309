import { Hono } from 'hono';

/** The applications under measurement, by name. */
export const handlers: Record<string, (request: Request) => Response | Promise<Response>> = {
  hono: (() => {
    const app = new Hono().get('/', (c) => c.text('Hello, World!'));
    return (request) => app.fetch(request);
  })(),
  plain: () => new Response('Hello, World!', { headers: { 'Content-Type': 'text/plain' } }),
};
