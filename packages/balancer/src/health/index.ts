export { startHealthChecks } from './checks.ts';
export type { HealthChecks, HealthCheckOptions, HealthEvent, HealthTarget } from './checks.ts';
export { connectByNet } from './probe.ts';
export type { Connect, ProbeKind } from './probe.ts';
export { targetOf } from './target.ts';
export type { Target } from './target.ts';
