/** All strategies, in the order of the README. */
export const STRATEGIES = [
  'round-robin',
  'least-connections',
  'ip-hash',
  'nginx-ip-hash',
  'ketama',
  'maglev',
  'rendezvous',
  'random',
  'two-choices',
  'peak-ewma',
  'least-load',
] as const;

/** How a peer is chosen. `ip-hash` is `rendezvous` by its everyday name. */
export type StrategyName = (typeof STRATEGIES)[number];
