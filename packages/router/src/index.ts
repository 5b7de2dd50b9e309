export { RouterError } from './errors.ts';
export type { RouterErrorCode } from './errors.ts';
export type { MethodNotAllowed, RouterOptions, TrailingSlash } from './options.ts';
export { params } from './params.ts';
export type { PathParams } from './path-params.ts';
export { all, del, get, group, mount, patch, post, put, route } from './route.ts';
export type { Handler, Route } from './route.ts';
export { router } from './router.ts';
