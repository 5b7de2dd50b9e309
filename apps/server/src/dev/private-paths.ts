/** Where the development server has its own resources; an application gets no requests below it. */
export const PRIVATE_PREFIX = '/@highball/dev/';

/** The script of a page. */
export const CLIENT_PATH: string = `${PRIVATE_PREFIX}client.js`;

/** The stream of versions. */
export const EVENTS_PATH: string = `${PRIVATE_PREFIX}events`;
