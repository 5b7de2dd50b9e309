import { expect, test } from 'vitest';
import { appOf, getUntil, projectWith } from './dev-support.ts';

test('a version whose loading never ends is given up when the file is saved again', async () => {
  await using project = await projectWith({ 'app.mjs': appOf("'first'") });
  const server = await project.dev(['app.mjs:app']);
  await getUntil(server.port, /first$/);
  await project.save(
    'app.mjs',
    appOf(
      "'second'",
      "console.log('it hangs'); await new Promise((resolve) => setTimeout(resolve, 3_600_000));",
    ),
  );
  await server.until(/it hangs/);
  await project.save('app.mjs', appOf("'third'"));
  expect(await getUntil(server.port, /third$/)).toMatch(/^HTTP\/1\.1 200 /);
});
