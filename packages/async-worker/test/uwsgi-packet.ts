import { encodeUwsgiRequest } from '@highball/cgi-protocols';

/** A request as nginx's `uwsgi_params` have it; what is given besides takes the place of the same there. */
export function packet(more: Readonly<Record<string, string>> = {}, body = ''): Buffer {
  const variables = {
    QUERY_STRING: '',
    REQUEST_METHOD: body === '' ? 'GET' : 'POST',
    CONTENT_TYPE: '',
    CONTENT_LENGTH: body === '' ? '' : String(body.length),
    REQUEST_URI: '/hello',
    PATH_INFO: '/hello',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '203.0.113.7',
    REMOTE_PORT: '4711',
    SERVER_PORT: '80',
    SERVER_NAME: 'site.example',
    HTTP_HOST: 'site.example',
    ...more,
  };
  return Buffer.concat([encodeUwsgiRequest(Object.entries(variables).flat()), Buffer.from(body, 'latin1')]);
}
