import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { checkVariables, type Variables } from './variables.ts';

/** FastCGI 1.0 §3.4: one byte up to 127, else four with the highest bit set. */
const SHORT_LENGTH = 0x7f;
const MAX_LENGTH = 0x7fff_ffff;

/** Writes name-value pairs (§3.4). @throws LocalProtocolError BAD_VARIABLE, TOO_LARGE */
export function encodePairs(variables: Variables): Buffer {
  checkVariables(variables);
  let size = 0;
  for (const text of variables) size += text.length + (text.length > SHORT_LENGTH ? 4 : 1);
  if (size > MAX_LENGTH) throw new LocalProtocolError('TOO_LARGE', `variables of ${size} bytes`);
  const block = Buffer.allocUnsafe(size);
  let at = 0;
  for (let i = 0; i < variables.length; i += 2) {
    const name = variables[i] as string;
    const value = variables[i + 1] as string;
    at = writeLength(block, value.length, writeLength(block, name.length, at));
    at += block.write(name, at, 'latin1');
    at += block.write(value, at, 'latin1');
  }
  return block;
}

function writeLength(block: Buffer, length: number, at: number): number {
  if (length <= SHORT_LENGTH) return block.writeUInt8(length, at);
  // Of an unsigned number: the highest bit would make it a negative one.
  return block.writeUInt32BE((length | 0x8000_0000) >>> 0, at);
}

/**
 * Reads name-value pairs (§3.4).
 * @throws RemoteProtocolError BAD_VARIABLES, TOO_MANY_VARIABLES
 */
export function decodePairs(block: Buffer, maxVariables: number): string[] {
  const variables: string[] = [];
  let at = 0;
  const readLength = (): number => {
    if (at >= block.length) throw beyond();
    if ((block[at] as number) <= SHORT_LENGTH) return block[at++] as number;
    if (at + 4 > block.length) throw beyond();
    const length = block.readUInt32BE(at) & MAX_LENGTH;
    at += 4;
    return length;
  };
  while (at < block.length) {
    const nameLength = readLength();
    const valueLength = readLength();
    if (nameLength === 0) throw new RemoteProtocolError('BAD_VARIABLES', 'a variable without a name');
    if (at + nameLength + valueLength > block.length) throw beyond();
    if (variables.length >= maxVariables * 2) {
      throw new RemoteProtocolError('TOO_MANY_VARIABLES', `more than ${maxVariables} variables`);
    }
    variables.push(block.toString('latin1', at, at + nameLength));
    at += nameLength;
    variables.push(block.toString('latin1', at, at + valueLength));
    at += valueLength;
  }
  return variables;
}

function beyond(): RemoteProtocolError {
  return new RemoteProtocolError('BAD_VARIABLES', 'a variable goes beyond its stream');
}
