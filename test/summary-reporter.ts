import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes the run with one plain line of counts, for people and machines that read logs from the end; above it, by name,
 * the tests that passed only when they were tried again.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const again: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') counts[state] += 1;
        if (test.diagnostic()?.flaky) again.push(`${module.project.name}: ${test.fullName}`);
      }
    }
    // After vitest's own report, which is written on the same tick.
    setImmediate(() => {
      if (again.length > 0) console.log(`\nPassed at the second try only:\n${again.join('\n')}`);
      console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    });
  }
}
