import { Connection } from './connection.ts';

const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: chaos\r\nConnection: close\r\n\r\n');
const DEADLINE_MS = 5000;

/** Asks a server for `/`. @returns the status of its answer; undefined when there is none. */
export async function get(port: number): Promise<number | undefined> {
  try {
    const connection = await Connection.open(port, DEADLINE_MS);
    try {
      const { status } = await connection.exchange([REQUEST], 0, DEADLINE_MS);
      return status;
    } finally {
      connection.close();
    }
  } catch {
    return undefined;
  }
}
