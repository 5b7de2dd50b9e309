import { relative } from 'node:path';
import type { Place } from './stack-frames.ts';

/** `src/app.ts:3:7`: as editors and terminals take it; relative to a folder for what is in it. */
export function placeText(place: Place | undefined, folder: string): string {
  if (place === undefined) return '<anonymous>';
  const { file, line, column } = place;
  const near = file.startsWith('node:') ? file : relative(folder, file);
  const path = near.startsWith('..') ? file : near;
  return `${path}:${line}${column === undefined ? '' : `:${column}`}`;
}
