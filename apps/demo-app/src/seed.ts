import type { Post } from './store.ts';

/** The posts that a new blog begins with. */
export const seedPosts: readonly Omit<Post, 'id'>[] = [
  {
    day: '2026-11-21',
    title: 'A highball, served tall',
    picture: 'glass.svg',
    text: `A highball is whiskey in a tall glass, with ice and something sparkling. WSGI, the protocol by which Python’s servers talk to applications, is pronounced the same way. That is where the name comes from.

What you are reading went through the whole of it. A front worker took your connection, looked at the routes from top to bottom, and found that this page belongs to the application behind. A balancer chose one of two servers. There the request was packed into an environ, the application was called, and this text came back the same way.

Open “About this request” in the menu to see which processes it was, this time.`,
  },
  {
    day: '2024-03-08',
    title: 'Reload without anyone noticing',
    picture: 'relay.svg',
    text: `To replace a program while people use it, start the new one before you stop the old one. It sounds obvious. A surprising number of servers do it in the other order.

The trick that makes it possible is the listening socket. The master opens it once and every worker inherits it. While workers come and go, the socket stays, and connections that nobody has picked up yet wait in the kernel.

A relay race works like that: for a few steps both runners hold the baton.`,
  },
  {
    day: '2019-06-17',
    title: 'The thundering herd, and how to calm it',
    picture: 'herd.svg',
    text: `Eight workers sleep on one socket. A single connection arrives. The kernel wakes all eight, one of them gets it, and seven go back to sleep, having achieved nothing but heat.

Kernels have become wiser since, yet the opposite problem has stayed: the worker that is already busy sits in its loop and is quick to say “mine”, while the idle ones are still waking up.

A busy worker that hesitates for a few milliseconds before it takes one more connection makes everyone faster, itself included.`,
  },
  {
    day: '2014-05-02',
    title: 'A file is a cache entry that nobody named',
    picture: 'drawers.svg',
    text: `The fastest request is the one that is never sent. The second fastest is answered with 304 and not a single byte of body.

Everything in between is bookkeeping: a validator that changes exactly when the content does, a promise for how long a copy may be used without asking, and the courage to say “immutable” about a name that has a hash in it.

Then there is the server’s own memory. A small file that ten thousand people want should be read from the disk once.`,
  },
  {
    day: '2010-09-30',
    title: 'Why there is a server in front of the server',
    picture: 'door.svg',
    text: `An application server is good at one thing: calling your program. It would rather not meet a client that sends one byte a second, or a hundred of them, or somebody who asks for “../../etc/passwd”.

So another server stands at the door. It waits for the slow, refuses the rude, hands out files from its own pocket, and lets one clean request at a time through to the kitchen.

From outside there is only one house. Nobody needs to know how many cooks it has.`,
  },
  {
    day: '2006-12-10',
    title: 'Clean addresses',
    picture: 'signpost.svg',
    text: `This page has an address that can be read aloud: blogs, 2006, 12, 10. The program behind it has never heard of that address. It knows Blogs, Posts, and three parameters called Year, Month and Day.

Between them stands a rule. A request for the clean address is rewritten into the one that the program understands; a request for the program’s own address is redirected to the clean one, so that bookmarks and search engines settle on a single name.

Try it: ask for /Blogs/Posts?Year=2006&Month=12&Day=10 and watch what your browser’s address bar says afterwards.`,
  },
  {
    day: '2003-12-07',
    title: 'One callable to serve them all',
    picture: 'plug.svg',
    text: `Before there was a common protocol, choosing a framework meant choosing a server, and the other way round. Every pair needed its own glue, and most pairs had none.

The proposal that changed this is short. An application is something that can be called. It gets a dictionary that describes the request, and a function with which to begin the response. It returns the body, piece by piece.

Twenty years later the servers and the frameworks of that time are mostly gone. The plug and the socket still fit.`,
  },
];
