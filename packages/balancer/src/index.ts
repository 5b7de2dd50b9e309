export { createBalancer } from './balancer.ts';
export type { Balancer, BalancerOptions, Outcome, PickRequest, Strategy } from './balancer.ts';
export type { Peer, PeerOptions } from './peer.ts';
