import type { Environ } from '@highball/gateway-protocol';
import { expectTypeOf } from 'vitest';
import { get, params, type PathParams } from '../src/index.ts';

// Checked by tsc: nothing here runs.
expectTypeOf<PathParams<'/'>>().toEqualTypeOf<{}>();
expectTypeOf<PathParams<'/posts/:id'>>().toEqualTypeOf<{ readonly id: string }>();
expectTypeOf<PathParams<'/:year-:month/:day.html'>>().toEqualTypeOf<{
  readonly year: string;
  readonly month: string;
  readonly day: string;
}>();
expectTypeOf<PathParams<'/files/*file'>>().toEqualTypeOf<{ readonly file: string }>();
expectTypeOf<PathParams<'/posts{/:page}'>>().toEqualTypeOf<{ readonly page?: string }>();
expectTypeOf<PathParams<'/:a{/:b{/:c}}/:d'>>().toEqualTypeOf<{
  readonly a: string;
  readonly d: string;
  readonly b?: string;
  readonly c?: string;
}>();
expectTypeOf<PathParams<'/:"my name"/x'>>().toEqualTypeOf<{ readonly 'my name': string }>();
expectTypeOf<PathParams<'/caf\u00e9/:n\u00e4me'>>().toEqualTypeOf<{ readonly näme: string }>();
expectTypeOf<PathParams<'/\\:literal/:id'>>().toEqualTypeOf<{ readonly id: string }>();
expectTypeOf<PathParams<string>>().toEqualTypeOf<Readonly<Partial<Record<string, string>>>>();

get('/posts/:id', (_environ, _startResponse, found) => {
  expectTypeOf(found).toEqualTypeOf<{ readonly id: string }>();
  // @ts-expect-error: the pattern has no such parameter
  void found.name;
  return [];
});
// A handler may do without its parameters.
get('/posts/:id', () => []);

expectTypeOf(params<'/posts/:id'>({} as Environ)).toEqualTypeOf<{ readonly id: string }>();
