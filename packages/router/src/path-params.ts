/** All characters of a text. */
type Characters<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? First | Characters<Rest>
  : never;

/** What ends the name of a parameter: ASCII that stands in no identifier. */
type Ender = Characters<' !"#%&\'()*+,-./:;<=>?@[\\]^`{|}~'>;

/** Takes the name of a parameter off: it, and what stands behind it. */
type TakeName<Text extends string> = Text extends `"${infer Quoted}"${infer Rest}`
  ? [Quoted, Rest]
  : TakeIdentifier<Text>;
type TakeIdentifier<
  Text extends string,
  Name extends string = '',
> = Text extends `${infer First}${infer Rest}`
  ? First extends Ender
    ? [Name, Text]
    : TakeIdentifier<Rest, `${Name}${First}`>
  : [Name, ''];

/** Goes through a pattern; `Depth` counts the open braces, in which a parameter is optional. */
type Scan<
  Pattern extends string,
  Required extends string = never,
  Optional extends string = never,
  Depth extends readonly unknown[] = [],
> = Pattern extends `\\${infer _}${infer Rest}`
  ? Scan<Rest, Required, Optional, Depth>
  : Pattern extends `{${infer Rest}`
    ? Scan<Rest, Required, Optional, [...Depth, unknown]>
    : Pattern extends `}${infer Rest}`
      ? Scan<Rest, Required, Optional, Depth extends readonly [unknown, ...infer Outer] ? Outer : []>
      : Pattern extends `:${infer Rest}` | `*${infer Rest}`
        ? TakeName<Rest> extends [infer Name extends string, infer Behind extends string]
          ? Depth['length'] extends 0
            ? Scan<Behind, Required | Name, Optional, Depth>
            : Scan<Behind, Required, Optional | Name, Depth>
          : never
        : Pattern extends `${infer _}${infer Rest}`
          ? Scan<Rest, Required, Optional, Depth>
          : { readonly [Name in Required]: string } & { readonly [Name in Optional]?: string };

/**
 * The parameters of a path pattern: `{ id: string }` of `'/posts/:id'`, `{ file?: string }` of
 * `'/files{/*file}'`. Of a pattern that is not known to the compiler, any name may be asked for.
 */
export type PathParams<Pattern extends string> = string extends Pattern
  ? Readonly<Partial<Record<string, string>>>
  : { [Name in keyof Scan<Pattern>]: Scan<Pattern>[Name] };
