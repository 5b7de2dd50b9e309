/** What people are told of a status. */
export interface StatusText {
  /** The phrase of RFC 9110 §15. */
  readonly reason: string;
  /** What has happened, in one sentence. */
  readonly detail: string;
  /** What may be done about it. */
  readonly hint?: string;
}

const LATER = 'Please try again in a moment.';
const UNREADABLE = 'The server could not read this request.';

/** RFC 9110 §15.5, §15.6; RFC 4918, 5842, 6585, 7725, 8470, 2295. */
const TEXTS: Readonly<Record<number, StatusText>> = {
  400: { reason: 'Bad Request', detail: UNREADABLE },
  401: { reason: 'Unauthorized', detail: 'You need to sign in to see this page.' },
  402: { reason: 'Payment Required', detail: 'This needs to be paid for first.' },
  403: { reason: 'Forbidden', detail: 'You are not allowed to see this page.' },
  404: {
    reason: 'Not Found',
    detail: 'There is nothing at this address.',
    hint: 'It may have moved, or the address may have a typing error in it.',
  },
  405: { reason: 'Method Not Allowed', detail: 'This address does not take requests of this kind.' },
  406: { reason: 'Not Acceptable', detail: 'This is not available in a form that your browser takes.' },
  407: { reason: 'Proxy Authentication Required', detail: 'You need to sign in to the proxy first.' },
  408: { reason: 'Request Timeout', detail: 'The request took too long to arrive.', hint: LATER },
  409: {
    reason: 'Conflict',
    detail: 'This was changed by somebody else in the meantime.',
    hint: 'Load it again and repeat your change.',
  },
  410: { reason: 'Gone', detail: 'What was here has been removed, and will not come back.' },
  411: { reason: 'Length Required', detail: 'The request does not say how long it is.' },
  412: {
    reason: 'Precondition Failed',
    detail: 'This is not what it was when you loaded it.',
    hint: 'Load it again and repeat your change.',
  },
  413: { reason: 'Content Too Large', detail: 'What you have sent is larger than this server takes.' },
  414: { reason: 'URI Too Long', detail: 'This address is longer than the server takes.' },
  415: { reason: 'Unsupported Media Type', detail: 'The server does not take files of this kind.' },
  416: { reason: 'Range Not Satisfiable', detail: 'The part that was asked for does not exist.' },
  417: { reason: 'Expectation Failed', detail: 'The server cannot do what the request expects of it.' },
  421: { reason: 'Misdirected Request', detail: 'This server does not answer for this address.' },
  422: { reason: 'Unprocessable Content', detail: 'Something in what you have sent is not right.' },
  423: { reason: 'Locked', detail: 'Somebody else is working on this at the moment.', hint: LATER },
  424: { reason: 'Failed Dependency', detail: 'Another request, on which this depends, has failed.' },
  425: { reason: 'Too Early', detail: 'The server wants this request repeated.', hint: LATER },
  426: { reason: 'Upgrade Required', detail: 'The server wants another protocol for this.' },
  428: { reason: 'Precondition Required', detail: 'The request must say which version it is about.' },
  429: { reason: 'Too Many Requests', detail: 'Too many requests have come from you.', hint: LATER },
  431: {
    reason: 'Request Header Fields Too Large',
    detail: 'The request carries more than the server takes.',
    hint: 'Deleting the cookies of this site often helps.',
  },
  451: { reason: 'Unavailable For Legal Reasons', detail: 'This cannot be shown for legal reasons.' },
  500: {
    reason: 'Internal Server Error',
    detail: 'Something went wrong on our side.',
    hint: 'It is not your fault. Please try again in a moment.',
  },
  501: { reason: 'Not Implemented', detail: 'The server cannot do what was asked of it.' },
  502: {
    reason: 'Bad Gateway',
    detail: 'The server behind this one gave no proper answer.',
    hint: LATER,
  },
  503: { reason: 'Service Unavailable', detail: 'We cannot answer just now.', hint: LATER },
  504: { reason: 'Gateway Timeout', detail: 'The server behind this one took too long.', hint: LATER },
  505: { reason: 'HTTP Version Not Supported', detail: 'The server does not speak this version of HTTP.' },
  506: { reason: 'Variant Also Negotiates', detail: 'The server is set up in a circle.' },
  507: { reason: 'Insufficient Storage', detail: 'The server has no room for this.' },
  508: { reason: 'Loop Detected', detail: 'The request would go round in circles.' },
  511: { reason: 'Network Authentication Required', detail: 'You need to sign in to this network first.' },
};

/** RFC 9110 §15: a status that is not known is treated as the first of its class. */
const CLASSES: Readonly<Record<4 | 5, StatusText>> = {
  4: { reason: 'Client Error', detail: UNREADABLE },
  5: { reason: 'Server Error', detail: 'Something went wrong on our side.', hint: LATER },
};

/** The words for a status from 400 to 599. */
export function textOf(status: number): StatusText {
  return TEXTS[status] ?? CLASSES[status < 500 ? 4 : 5];
}
