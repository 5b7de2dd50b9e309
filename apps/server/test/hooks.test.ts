import { describe, expect, test, vi } from 'vitest';
import { hookNames, HookRunner, type Hooks } from '../src/hooks.ts';

const server = { pid: 1, addresses: [] };

function runner(hooks: Hooks | undefined) {
  const error = vi.fn<(fields: object, message: string) => void>();
  return { hooks: new HookRunner(hooks, { error }), error };
}

describe('hooks', () => {
  test('get their arguments, and `this` is the object that they stand in', async () => {
    const given: unknown[] = [];
    const object: Hooks = {
      onExit(...args) {
        given.push(this === object, ...args);
      },
    };
    await runner(object).hooks.run('onExit', server);
    expect(given).toEqual([true, server]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('only a hook');
      },
    ],
    ['rejects', () => Promise.reject(new Error('only a hook'))],
  ])('one that %s is logged, whether it is waited for or not', async (_, onExit) => {
    const { hooks, error } = runner({ onExit });
    await hooks.run('onExit', server);
    hooks.start('onExit', server);
    await expect.poll(() => error.mock.calls.length).toBe(2);
    expect(error).toHaveBeenCalledWith({ err: expect.any(Error) }, 'the hook onExit has failed');
    await expect(hooks.demand('onExit', server)).rejects.toThrow('only a hook');
  });

  test('that are not there are no matter, and new ones take their place', async () => {
    const { hooks } = runner(undefined);
    await hooks.run('onReload', server);
    expect(hooks.has('onReload')).toBe(false);
    const onReload = vi.fn<() => void>();
    hooks.replace({ onReload });
    await hooks.run('onReload', server);
    expect(onReload).toHaveBeenCalledOnce();
  });

  test('have the names of gunicorn, but for the underscores', () => {
    const names = hookNames.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    expect(names).toEqual(
      (
        'on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec ' +
        'pre_request post_request child_exit worker_exit nworkers_changed on_exit'
      ).split(' '),
    );
  });
});
