/**
 * Half of what V8 takes at most for each half of its young generation (16 MiB in Node 22 to 26). Under load it takes
 * all of that: 30 MB less of a worker's memory, 90 under Express, for the same CPU time a request, and shorter pauses
 * (docs/performance.md, "Start and memory").
 */
const MAX_SEMI_SPACE_MIB = 8;

const SEMI_SPACE_FLAG = /--max[-_]semi[-_]space[-_]size/;

/**
 * The flags of Node that workers are started with: those of this process without its inspector's, and a bound on the
 * young generation unless somebody has set one.
 * @param nodeOptions - NODE_OPTIONS of the worker, which flags would outdo.
 */
export function workerFlags(own: readonly string[], nodeOptions: string): string[] {
  const flags = own.filter((flag) => !flag.startsWith('--inspect'));
  const isSet = [...flags, nodeOptions].some((text) => SEMI_SPACE_FLAG.test(text));
  return isSet ? flags : [`--max-semi-space-size=${MAX_SEMI_SPACE_MIB}`, ...flags];
}
