import { expect, test } from 'vitest';
import { html } from '../src/html.ts';

test('what is put into markup is text', () => {
  expect(html`<p title="${'"><b>'}">${`<script>alert('&')</script>`}</p>`.text).toBe(
    '<p title="&#34;&#62;&#60;b&#62;">&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62;</p>',
  );
});

test('markup stays markup, also in lists', () => {
  const items = ['a', '<'].map((item) => html`<li>${item}</li>`);
  expect(html`${items}`.text).toBe('<li>a</li><li>&#60;</li>');
});

test('what is left out leaves nothing', () => {
  expect(html`${undefined}${false}${0}${''}`.text).toBe('0');
});
