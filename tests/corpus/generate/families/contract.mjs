// Contracts: numbered clauses over many pages, parties at the top, signatures at the end.

import { heading, lines, pairs, paragraph, space, title } from '../lib/blocks.mjs'
import { longDay } from '../lib/format.mjs'
import { write } from '../lib/write.mjs'
import { CONTRACTS, WORDS } from './contract.data.mjs'

function contract({ file, language, subtype, name, number, date, parties, recitals = [], clauses, place, law, look = {} }) {
  const words = WORDS[language]
  const when = longDay(date, language)
  const blocks = [
    title(name), ...(number ? [lines([number])] : []), paragraph(words.made(when)),
    pairs(parties.map(({ role, company }) => [role, [...company.address, company.countryName].join(', ')])),
    ...(recitals.length ? [heading(words.recitals), ...recitals.map((recital, i) => paragraph(`(${'ABCDE'[i]}) ${recital}`))] : []),
    ...clauses.flatMap(([name, ...parts], i) => [heading(`${words.clause}${i + 1}${words.stop} ${name}`), ...parts.map((part, j) => paragraph(parts.length > 1 ? `${words.part(i + 1, j + 1)} ${part}` : part))]),
    space(14), paragraph(words.signed(place, when)), space(10),
    ...parties.map(({ role, company, signer }) => lines([`${role}: ${company.name}`, '', '______________________________', signer])),
  ]
  const facts = { parties: parties.map(({ company }) => company.name), effective_date: date, ...(law && { governing_law: law }), ...(number && { contract_number: number }) }
  return write({ file, type: 'contract', subtype, language, title: name, facts }, blocks, {
    date, font: 'serif', size: 10.5, justified: true, color: '#111', author: parties[0].company.name, header: (page) => (page > 1 ? { right: name } : {}), footer: (at, of) => ({ left: number, center: words.page(at, of) }),
    ...look, ...(file.endsWith('.docx') && { header: name, footer: number ?? name }),
  })
}

export async function documents() {
  const made = []
  for (const data of CONTRACTS) made.push(await contract(data))
  return made
}
