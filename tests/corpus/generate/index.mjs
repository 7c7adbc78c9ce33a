// Writes the corpus next to this folder, or with --check says whether what is there is what would be written.

import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['pdf', 'docx', 'html', 'eml', 'md', 'txt', 'bad']
const FAMILIES = ['trade', 'receipt', 'contract', 'person', 'letter', 'account', 'mail', 'other']

/** One after the other: they share the seeded chance. */
async function generate() {
  const documents = []
  for (const family of FAMILIES) documents.push(...(await (await import(`./families/${family}.mjs`)).documents(documents)))
  const bad = await (await import('./families/bad.mjs')).documents(documents)
  const byName = (a, b) => (a.file < b.file ? -1 : 1)
  const listed = (list) => list.sort(byName).map(({ bytes, ...entry }) => entry)
  const files = new Map([...documents, ...bad].map(({ file, bytes }) => [file, Buffer.from(bytes)]))
  if (files.size !== documents.length + bad.length) throw new Error('two documents have the same name')
  const rows = (list) => listed(list).map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')
  files.set('index.json', Buffer.from(`{\n  "documents": [\n${rows(documents)}\n  ],\n  "bad": [\n${rows(bad)}\n  ]\n}\n`))
  return files
}

function present() {
  const list = (folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`)
  return FOLDERS.flatMap((folder) => (statSync(join(ROOT, folder), { throwIfNoEntry: false }) ? list(folder) : []))
}

function check(files) {
  const differs = ([file, bytes]) => !statSync(join(ROOT, file), { throwIfNoEntry: false }) || !readFileSync(join(ROOT, file)).equals(bytes)
  const wrong = [...[...files].filter(differs).map(([file]) => `differs: ${file}`), ...present().filter((file) => !files.has(file)).map((file) => `not ours: ${file}`)]
  for (const line of wrong) console.error(line)
  if (wrong.length) process.exit(1)
  console.log(`${files.size} files are as generated`)
}

function save(files) {
  for (const folder of FOLDERS) rmSync(join(ROOT, folder), { recursive: true, force: true })
  let size = 0
  for (const [file, bytes] of files) {
    mkdirSync(dirname(join(ROOT, file)), { recursive: true })
    writeFileSync(join(ROOT, file), bytes)
    size += bytes.length
  }
  console.log(`wrote ${files.size} files, ${Math.ceil(size / 1024)} KiB`)
}

const files = await generate()
if (process.argv.includes('--check')) check(files)
else save(files)
