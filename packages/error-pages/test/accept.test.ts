import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseForm } from '../src/accept.ts';
import { BROWSER } from './support.ts';

test.each([
  ['a browser', BROWSER, 'html'],
  ['an old browser', 'text/html, */*', 'html'],
  ['curl, and fetch', '*/*', 'text'],
  ['no field', undefined, 'text'],
  ['an empty field', '', 'text'],
  ['an image', 'image/avif,image/webp,image/*,*/*;q=0.8', 'text'],
  ['a client of an API', 'application/json', 'json'],
  ['axios', 'application/json, text/plain, */*', 'json'],
  ['problem details', 'application/problem+json, text/html;q=0.5', 'json'],
  ['text before JSON', 'text/plain, application/json;q=0.9', 'text'],
  ['any text', 'text/*', 'html'],
  ['any application', 'application/*', 'json'],
  ['the range that names it counts', 'text/html;q=0.1, text/*;q=0.9', 'text'],
  ['a form refused', 'text/html;q=0, */*', 'text'],
  ['a form below the wildcard', 'text/html;q=0.5, */*', 'text'],
  ['a form as good as the wildcard', 'application/json;q=0.8, */*;q=0.8', 'json'],
  ['nothing of what there is', 'image/png', 'text'],
  ['parameters', 'text/html;level=1;q=0.3, application/json;q=0.2', 'html'],
  ['a vendor of JSON', 'application/vnd.api+json', 'json'],
  ['a vendor of JSON that is refused', 'application/vnd.api+json;q=0', 'text'],
  ['upper case', 'TEXT/HTML', 'html'],
  ['a malformed weight', 'text/html;q=2, application/json;q=0.1', 'json'],
])('%s: %s is answered with %s', (_, accept, form) => {
  expect(chooseForm(accept)).toBe(form);
});

test('never throws, whatever a client sends', () => {
  fc.assert(fc.property(fc.string(), (accept) => ['html', 'json', 'text'].includes(chooseForm(accept))));
});
