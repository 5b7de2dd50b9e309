import { expect, test } from 'vitest';
import { asgi, type InterfaceName, interfaceOf, markInterface } from '../src/index.ts';

test.each<InterfaceName>(['wsgi', 'asgi', 'node', 'fetch'])('an application can be marked as %s', (name) => {
  const app = (): void => undefined;
  expect(markInterface(app, name)).toBe(app);
  expect(interfaceOf(app)).toBe(name);
});

test('asgi() marks an application as event-shaped, and returns it', () => {
  const app = async (): Promise<void> => undefined;
  expect(asgi(app)).toBe(app);
  expect(interfaceOf(app)).toBe('asgi');
});

test('a mark is read by another copy of the package, through the registry of symbols', () => {
  const app = markInterface({ fetch: () => new Response() }, 'fetch');
  expect(Reflect.get(app, Symbol.for('highball.interface'))).toBe('fetch');
  expect(interfaceOf(Object.assign(() => undefined, { [Symbol.for('highball.interface')]: 'node' }))).toBe(
    'node',
  );
});

test('a mark does not show among the keys of an application', () => {
  expect(Reflect.ownKeys({ ...markInterface({}, 'node') })).toEqual([]);
});

test('a later mark replaces an earlier one', () => {
  const app = markInterface({}, 'node');
  expect(interfaceOf(markInterface(app, 'fetch'))).toBe('fetch');
});

test.each([
  ['a function without a mark', () => undefined],
  ['a mark that is not known', { [Symbol.for('highball.interface')]: 'rack' }],
  ['null', null],
  ['a string', 'asgi'],
  ['undefined', undefined],
])('%s has no interface', (_name, app) => {
  expect(interfaceOf(app)).toBeUndefined();
});

test('what is frozen cannot be marked', () => {
  expect(() => markInterface(Object.freeze({}), 'wsgi')).toThrow(TypeError);
});
