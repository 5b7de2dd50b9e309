// Tells the blog that somebody is reading, and shows how many are.
const EVERY_MS = 5000;
const place = document.getElementById('readers');

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

const reader = readerName();

async function tell() {
  if (document.visibilityState === 'hidden') return;
  try {
    const answer = await fetch(`/readers?reader=${reader}`);
    const { readers } = answer.ok ? await answer.json() : {};
    show(readers === 1 ? 'You are the only reader' : `${readers} readers at the moment`, answer.ok);
  } catch {
    show('The blog does not answer', false);
  }
}

function show(text, isLive) {
  place.hidden = false;
  place.textContent = text;
  place.classList.toggle('live', isLive);
}

document.addEventListener('visibilitychange', tell);
setInterval(tell, EVERY_MS);
tell();
