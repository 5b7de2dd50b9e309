import type { AsgiScope } from '@highball/gateway-protocol';
import type { Report } from '../report.ts';
import type { Conversation } from './conversation.ts';
import { HttpConversation } from './http.ts';
import { LifespanConversation } from './lifespan.ts';
import { WebSocketConversation } from './websocket.ts';

/** Begins the conversation of a scope. */
export function converse(scope: AsgiScope, report: Report): Conversation {
  if (scope.type === 'http') return new HttpConversation(scope, report);
  if (scope.type === 'websocket') return new WebSocketConversation(scope, report);
  return new LifespanConversation(report);
}
