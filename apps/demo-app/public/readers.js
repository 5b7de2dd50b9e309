// Shows how many are reading, as the blog tells it over a WebSocket.
const place = document.getElementById('readers');
/** A server that restarts is back soon; one that is away is not asked more often than this. */
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;

/** A name for this tab that says nothing about its reader. Kept, so that a reload is no second reader. */
function readerName() {
  const name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  try {
    const kept = sessionStorage.getItem('reader') ?? name;
    sessionStorage.setItem('reader', kept);
    return kept;
  } catch {
    // The browser lets no site keep anything.
    return name;
  }
}

const address = `${location.origin.replace(/^http/, 'ws')}/readers?reader=${readerName()}`;
let waitMs = FIRST_WAIT_MS;

function connect() {
  const socket = new WebSocket(address);
  socket.addEventListener('message', ({ data }) => {
    waitMs = FIRST_WAIT_MS;
    show(data === '1' ? 'You are the only reader' : `${data} readers at the moment`, true);
  });
  socket.addEventListener('close', () => {
    show('Looking for the blog…', false);
    setTimeout(connect, waitMs);
    waitMs = Math.min(2 * waitMs, LAST_WAIT_MS);
  });
}

function show(text, isLive) {
  place.hidden = false;
  place.textContent = text;
  place.classList.toggle('live', isLive);
}

connect();
