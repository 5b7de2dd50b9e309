import type { Environ } from '@highball/gateway-protocol';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOrigin } from '../forms.ts';
import { type Html, html } from '../html.ts';
import { type Answer, file, HttpError, page, seeOther } from '../http.ts';
import { layout } from '../layout.ts';
import type { Store } from '../store.ts';
import { readUpload } from '../upload.ts';

/** The pictures that readers have uploaded, and the form for one more. */
export function listPictures(store: Store): Answer {
  return page(picturesPage(store));
}

/** Stores a picture, and leads back to all of them. */
export async function addPicture(store: Store, environ: Environ): Promise<Answer> {
  checkOrigin(environ);
  try {
    const { name, type, content } = await readUpload(environ);
    await writeFile(join(store.pictureFolder, name), content, { flag: 'wx' });
    const gone = store.addPicture(name, type);
    await Promise.all(gone.map((name) => rm(join(store.pictureFolder, name), { force: true })));
    return seeOther('/pictures');
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return page(picturesPage(store, error.message), error.status);
  }
}

/** One picture. Only names that the database knows reach the file system. */
export async function showPicture(store: Store, name: string): Promise<Answer> {
  const type = store.pictureType(name);
  if (type === undefined) throw new HttpError('404 Not Found', 'There is no such picture.');
  return file(await readFile(join(store.pictureFolder, name)), type);
}

function picturesPage(store: Store, problem?: string): Html {
  const pictures = store.pictures();
  const content = html`<h1 class="page">Pictures</h1>
    <form class="upload" method="post" action="/pictures" enctype="multipart/form-data">
      ${problem !== undefined && html`<p class="problem" id="problem" role="alert">${problem}</p>`}
      <label for="picture">A picture of yours</label>
      <small id="kinds">PNG, JPEG, GIF or WebP, up to 2 MB. Everybody will see it.</small>
      <input
        id="picture"
        name="picture"
        type="file"
        required
        accept="image/png,image/jpeg,image/gif,image/webp"
        aria-describedby="kinds"
        ${problem !== undefined && html`aria-invalid="true" aria-errormessage="problem"`}
      />
      <button>Upload</button>
    </form>
    ${pictures.length === 0 && html`<p class="lead">Nobody has sent one yet.</p>`}
    <ul class="gallery">
      ${pictures.map(thumbnail)}
    </ul>`;
  return layout({ title: 'Pictures', current: '/pictures', content });
}

function thumbnail(name: string): Html {
  return html`<li>
    <a href="/pictures/${name}"><img src="/pictures/${name}" alt="A reader’s picture" loading="lazy" /></a>
  </li>`;
}
