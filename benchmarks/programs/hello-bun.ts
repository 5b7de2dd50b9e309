declare const Bun: {
  serve(options: { port: number; hostname: string; fetch(request: Request): Response }): unknown;
};

Bun.serve({
  port: Number(process.env['PORT']),
  hostname: '127.0.0.1',
  fetch: () => new Response('Hello, World!', { headers: { 'Content-Type': 'text/plain' } }),
});
