import { expect, test } from 'vitest';
import { compileGlob } from '../src/glob.ts';

test.each([
  ['*.css', ['a.css', 'x/y/a.css'], ['a.css.map', 'acss', 'a.CSS']],
  ['/*.css', ['a.css'], ['x/a.css']],
  ['img/*', ['img/a.png'], ['img/x/a.png', 'x/img/a.png']],
  ['img/**', ['img/a.png', 'img/x/a.png'], ['image/a.png']],
  ['img/**/a.png', ['img/a.png', 'img/x/y/a.png'], ['img/b.png', 'img/xa.png']],
  ['a?.js', ['ab.js', 'x/a1.js'], ['a.js', 'a/.js']],
  ['*.{js,mjs}', ['a.js', 'a.mjs'], ['a.cjs', 'a.{js,mjs}']],
  ['a+(b).$js', ['a+(b).$js'], ['aab.js']],
])('%s', (pattern, matches, others) => {
  const glob = compileGlob(pattern);
  expect(matches.filter((name) => !glob.test(name))).toEqual([]);
  expect(others.filter((name) => glob.test(name))).toEqual([]);
});

test.each(['a{b', 'a}b', '{a,{b}}'])('%s is refused', (pattern) => {
  expect(() => compileGlob(pattern)).toThrow('not closed');
});
