import type { Application } from '@highball/gateway-protocol';
import { expect, test, vi } from 'vitest';
import { noteTasks } from '../src/worker-tasks.ts';
import { call, environOf } from './support.ts';

test('a request is noted when it begins, and forgotten when it has ended', async () => {
  const notes: string[] = [];
  const onResponse = vi.fn<() => void>();
  const app: Application = (environ, startResponse) => {
    notes.push(`keys: ${Object.keys(environ).some((key) => key.includes('task'))}`);
    startResponse('200 OK', []);
    return ['x'];
  };
  const tasks = {
    begin: (text: string) => notes.push(text),
    end: (task: number) => void notes.push(`end ${task}`),
  };
  const context = { id: 1, pool: 'front', pid: 1, generation: 1 };
  const noted = noteTasks({ app, onResponse, context }, tasks);
  const environ = environOf('POST /report?year=7');
  await call(noted.app, environ);
  expect(notes).toEqual(['POST /report?year=7', 'keys: false']);
  const record = { environ, status: '200 OK', headers: [], bodyBytes: 1, durationMs: 1, complete: true };
  noted.onResponse?.(record);
  expect(notes.at(-1)).toBe('end 1');
  expect(onResponse).toHaveBeenCalledExactlyOnceWith(record);
  // What never reached the application was never noted.
  noted.onResponse?.({ ...record, environ: environOf('GET /') });
  expect(notes).toHaveLength(3);
});
