// Tells the blog that somebody is reading, and shows how many are.
const place = document.getElementById('readers');
const EVERY_MS = 5000;

/** A name for this tab that says nothing about its reader. */
function readerName() {
  let name = sessionStorage.getItem('reader');
  if (name === null) {
    name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
    sessionStorage.setItem('reader', name);
  }
  return name;
}

async function tell() {
  if (document.visibilityState === 'hidden') return;
  try {
    const answer = await fetch(`/readers?reader=${readerName()}`);
    if (!answer.ok) return;
    const { readers } = await answer.json();
    place.textContent = readers === 1 ? 'You are the only reader' : `${readers} readers at the moment`;
  } catch {
    place.textContent = 'The blog does not answer';
  }
}

document.addEventListener('visibilitychange', tell);
setInterval(tell, EVERY_MS);
tell();
