export { chooseForm, type Form } from './accept.ts';
export { errorPages } from './error-pages.ts';
export type { ErrorPages } from './error-pages.ts';
export { ErrorPagesError } from './errors.ts';
export type { ErrorPagesErrorCode } from './errors.ts';
export type { ErrorPagesOptions, OwnPages } from './options.ts';
export { errorPage } from './page.ts';
export type { ErrorPage, MoreFacts } from './page.ts';
