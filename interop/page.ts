import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

/** The files and commands of a page of the documentation, by the names in their marks. */
export interface Page {
  readonly files: ReadonlyMap<string, string>;
  readonly commands: ReadonlyMap<string, string>;
}

/** Reads pages of the documentation: what the reader copies is what is run. */
export function readPages(names: readonly string[]): Page {
  const text = names.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  const blocks = (mark: string): [string, string][] => {
    const found = text.matchAll(new RegExp(`<!-- ${mark}: (\\S+) -->\\s*\`\`\`\\w+\\n([^]*?)\`\`\``, 'g'));
    return [...found].map(([, key = '', block = '']) => [key, block]);
  };
  const files = new Map(blocks('file'));
  for (const [name, more] of blocks('more')) files.set(name, `${files.get(name) ?? ''}\n${more}`);
  return { files, commands: new Map(blocks('run')) };
}
