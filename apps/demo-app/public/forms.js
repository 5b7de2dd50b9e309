// Makes forms kinder: what was typed is kept until it is sent, its length is shown, and it is sent once.

for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form);
const text = document.getElementById('text');
if (text !== null) {
  keepDraft(text);
  countCharacters(text);
}

function sendOnce(form) {
  const button = form.querySelector('button');
  const label = button.textContent;
  form.addEventListener('submit', (event) => {
    if (button.getAttribute('aria-disabled') === 'true') event.preventDefault();
    button.setAttribute('aria-disabled', 'true');
    button.textContent = 'On its way…';
  });
  // The page may come back from the browser's memory as it was left.
  window.addEventListener('pageshow', () => {
    button.removeAttribute('aria-disabled');
    button.textContent = label;
  });
}

/** A draft of each post, in this tab only. */
function keepDraft(field) {
  const key = `draft ${location.pathname}`;
  try {
    // A comment that has arrived is no draft any more: its address is that of the comment.
    if (location.hash.startsWith('#comment-')) sessionStorage.removeItem(key);
    if (field.value === '') field.value = sessionStorage.getItem(key) ?? '';
    field.addEventListener('input', () => sessionStorage.setItem(key, field.value));
  } catch {
    // The browser lets no site keep anything.
  }
}

/** Says how much room is left, once there is little. */
function countCharacters(field) {
  const room = document.createElement('output');
  room.className = 'room';
  field.after(room);
  const show = () => {
    const left = field.maxLength - field.value.length;
    room.textContent = left < 200 ? `${left} characters left` : '';
  };
  field.addEventListener('input', show);
  show();
}
