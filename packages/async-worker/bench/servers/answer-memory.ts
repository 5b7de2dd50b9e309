/** Answers each message of the parent process with the memory in use, once the garbage is collected. */
export function answerMemory(): void {
  process.on('message', () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send?.({ heap: heapUsed + external, rss });
  });
}
