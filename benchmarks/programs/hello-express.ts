import express from 'express';

const app = express();
app.get('/articles/:year/:month/:name', (_request, response) => {
  response.type('text/plain').send('Hello, World!');
});
app.listen(Number(process.env.PORT), '127.0.0.1');
