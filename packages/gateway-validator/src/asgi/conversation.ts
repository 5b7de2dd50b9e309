import type { AsgiReceiveEvent, AsgiSendEvent } from '@highball/gateway-protocol';

/** The order of events within one call; their form was checked before. */
export interface Conversation {
  /** The server has given an event. */
  received(event: AsgiReceiveEvent): void;
  /** The application sends an event. */
  sent(event: AsgiSendEvent): void;
  /** The application has returned. */
  returned(): void;
}

/** Whether the server offers an extension. */
export function offers(scope: { readonly extensions?: object }, name: string): boolean {
  return scope.extensions !== undefined && Object.hasOwn(scope.extensions, name);
}
