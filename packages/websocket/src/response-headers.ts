import type { HeaderList } from '@highball/gateway-protocol';
import { WebSocketUsageError } from './errors.ts';

/** RFC 9110 §5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5, of which ws can write no more than ASCII. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** Fields that make the handshake; and those of a body, which a 101 has not (RFC 9110 §8.6). */
const OWN = /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;

/**
 * The lines of further fields of the 101 response.
 * @throws WebSocketUsageError BAD_HEADER
 */
export function headerLines(headers: Readonly<HeaderList>): string[] {
  return headers.map(([name, value]) => {
    if (!TOKEN.test(name) || !VALUE.test(value)) {
      throw new WebSocketUsageError('BAD_HEADER', `the field ${JSON.stringify(name)} cannot be sent`);
    }
    if (OWN.test(name)) {
      throw new WebSocketUsageError('BAD_HEADER', `${name} belongs to the handshake, not to the application`);
    }
    return `${name}: ${value}`;
  });
}
