// One document in any of the formats: the folder and the ending of its name say which.

import { html, markdown, text } from './page.mjs'
import { pdf } from './sheet.mjs'
import { docx } from './word.mjs'

/** `about`: { file, type, language, facts?, ... } goes to the index; `look` is for the writer. */
export async function write(about, blocks, look = {}, before) {
  const format = about.file.split('.').pop()
  const options = { title: about.title, ...look }
  const made = await {
    pdf: () => pdf(options, blocks, before || undefined),
    docx: () => docx(options, blocks),
    html: () => ({ bytes: html({ title: about.title, language: about.language }, blocks) }),
    md: () => ({ bytes: markdown(blocks) }),
    txt: () => ({ bytes: text(blocks) }),
  }[format]()
  const { title, ...indexed } = about
  return { ...indexed, format, ...made }
}
