/**
 * The methods of IANA's registry that anyone implements, and PURGE of the caches. Others get 501 (RFC 9110 §9.1);
 * whether one of these fits a resource is the application's to say (405).
 */
export const METHODS: readonly string[] = (
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY PURGE ' +
  'ACL BIND CHECKIN CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL ' +
  'MOVE PROPFIND PROPPATCH REBIND REPORT SEARCH UNBIND UNLINK UNLOCK'
).split(' ');
