import { defineConfig } from 'highball';

/** The whole site: files and addresses in front, the blog behind two balanced servers. */
export default defineConfig({
  bind: ['127.0.0.1:8000'],
  workers: 2,
  upstreams: {
    blog: { app: './src/app.ts', instances: 2, workers: 1, balance: 'round-robin' },
  },
  routes: [
    { path: '/static/*file', static: './public', prefix: '/static', maxAge: 3600 },
    // The dynamic address leads to the clean one…
    {
      path: '/Blogs/Posts',
      methods: ['GET', 'HEAD'],
      query: { Year: /^(?<year>\d{4})$/, Month: /^(?<month>\d{2})$/, Day: /^(?<day>\d{2})$/ },
      redirect: '/blogs/{year}/{month}/{day}/',
      status: 301,
      queryPolicy: 'replace',
    },
    // …and the clean one is served from the dynamic page.
    {
      path: /^\/blogs\/(?<year>\d{4})\/(?<month>\d{2})\/(?<day>\d{2})\/$/,
      rewrite: '/Blogs/Posts?Year={year}&Month={month}&Day={day}',
      proxy: 'blog',
    },
    {
      path: /^\/blogs\/(?<year>\d{4})\/(?<month>\d{2})\/$/,
      rewrite: '/Blogs/Posts?Year={year}&Month={month}',
      proxy: 'blog',
    },
    { path: /^\/blogs\/(?<year>\d{4})\/$/, rewrite: '/Blogs/Posts?Year={year}', proxy: 'blog' },
    { path: /^(?<address>\/blogs\/[\d/]*\d)$/, redirect: '{address}/', status: 301 },
    { proxy: 'blog' },
  ],
  startMessage: `What to try:
  {address}/                                          the posts
  {address}/Blogs/Posts?Year=2006&Month=12&Day=10     a redirect to the clean address
  {address}/about                                     which processes served you
  curl -i {address}/static/style.css                  a file with ETag and Cache-Control
  kill -9 one of the workers above, and look again
Ctrl-C ends it.`,
});
