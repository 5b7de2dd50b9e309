export { chooseCoding, type CodingChoice, parseCodings } from './coding.ts';
export { matchesEntityTag } from './entity-tag.ts';
export { connectionNames, forwardsLeft, HOP_BY_HOP, joinVia } from './hop-by-hop.ts';
export { formatHttpDate, parseHttpDate } from './http-date.ts';
export { hasMember, listMembers, splitQuoted } from './list.ts';
export { mediaTypeWeight } from './media-type.ts';
export { reasonPhrase } from './reason-phrase.ts';
export { parseWeights, rememberField, type Weights } from './weights.ts';
