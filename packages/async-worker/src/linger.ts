/** How long a connection that was refused is read on, so that the client can read why. */
export const LINGER_MS = 2000;
