/** The values of a flag that is given more than once. */
export function collect(item: string, before: readonly string[] = []): string[] {
  return [...before, item];
}
