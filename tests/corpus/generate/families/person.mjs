// CVs: the same life told in one column, in two, or as a table of dates.

import { heading, lines, list, pairs, paragraph, title } from '../lib/blocks.mjs'
import { write } from '../lib/write.mjs'

const LIVES = [
  {
    file: 'pdf/cv-two-columns-en.pdf', language: 'en', columns: 2, name: 'Priya Vanterpool', role: 'Structural engineer', contact: ['12 Lock Cottages, Leeds LS10 1JQ', '0113 496 0288', 'priya@vanterpool.example'], look: { color: '#2b5d52' },
    profile: 'Chartered engineer with eleven years in bridges and timber buildings. Calm on site, careful with numbers, happiest where the drawing meets the mud.',
    parts: { Experience: [['2020 – present', 'Senior Engineer, Holt Marrable Partners, Leeds. Led the assessment of forty masonry arches; brought in a peer review that cut redrawing by a third.'], ['2017 – 2020', 'Engineer, Crossley Timber Ltd, Halifax. Designed glued frames for schools and sports halls.'], ['2015 – 2017', 'Graduate Engineer, City Highways, Bradford.']], Education: [['2011 – 2015', 'MEng Civil Engineering, first class, University of the Dales'], ['2009 – 2011', 'A levels: Mathematics, Physics, German']] },
    skills: { Skills: ['Finite element analysis', 'Eurocodes 2, 3 and 5', 'Python, Rhino, Tekla'], Languages: ['English, native', 'German, fluent', 'Gujarati, spoken'], Interests: ['Fell running', 'Bell ringing'] },
  },
  {
    file: 'pdf/lebenslauf-de.pdf', language: 'de', name: 'Jonas Ebersbach', role: 'Zerspanungsmechaniker', contact: ['Lindenhof 3, 34123 Kassel', '+49 30 23125 642', 'jonas@ebersbach.example', 'geboren am 4. Juli 1993 in Göttingen'], title: 'Lebenslauf', look: { font: 'embedded-sans' },
    parts: { Berufserfahrung: [['seit 09/2019', 'Lindner Werkzeugbau GmbH, Stuttgart – Schichtführer Fräserei, verantwortlich für sechs Mitarbeiter und vier Fünf-Achs-Maschinen'], ['08/2014 – 08/2019', 'Hessische Feinmechanik KG, Kassel – CNC-Fräser, Einrichten und Programmieren']], Ausbildung: [['2011 – 2014', 'Ausbildung zum Zerspanungsmechaniker, Abschluss „gut“'], ['2005 – 2011', 'Realschule Fuldatal, mittlere Reife']], Weiterbildung: [['2022', 'Industriemeister Metall (IHK)'], ['2018', 'Programmieren von Steuerungen, Aufbaukurs']] },
    skills: { 'Kenntnisse': ['Heidenhain- und Siemens-Steuerungen', 'Messtechnik, 3D-Koordinatenmessung', 'Englisch: gut in Wort und Schrift', 'Führerschein Klasse B und Staplerschein'] }, end: 'Kassel, den 2. Februar 2026',
  },
  {
    file: 'docx/cv-fr.docx', language: 'fr', name: 'Solène Vauquier', role: 'Consultante en organisation', contact: ['8, montée des Lilas, 69005 Lyon', '01 99 00 58 12', 'solene@vauquier.example'], profile: 'Huit ans d’expérience auprès de commerces indépendants et de coopératives.',
    parts: { 'Expérience professionnelle': [['Depuis 2021', 'Maréval Conseil, Nantes : conduite de missions, animation d’ateliers, formation'], ['2017 – 2021', 'Coopérative Les Halles, Lyon : responsable des achats']], Formation: [['2015 – 2017', 'Master Management des organisations, université des Monts'], ['2012 – 2015', 'Licence d’économie']] },
    skills: { Compétences: ['Analyse de coûts', 'Conduite de réunion', 'Anglais courant, italien lu'], 'Centres d’intérêt': ['Chant choral', 'Randonnée'] },
  },
  {
    file: 'md/cv-en.md', language: 'en', name: 'Marcus Delacroix-Webb', role: 'Backend developer', contact: ['Cardiff', 'marcus@delacroixwebb.example'], profile: 'I write dull, dependable services and delete more code than I add.',
    parts: { Experience: [['2022–now', 'Staff engineer, Tidewrack Systems. Moved billing off a nightly batch; incidents fell from nine a quarter to one.'], ['2018–2022', 'Developer, Library Exchange. Search over 40 million records.']], Education: [['2014–2018', 'BSc Computer Science, Severnside University']] }, skills: { Skills: ['Rust, Go, PostgreSQL', 'Tracing and profiling', 'Welsh (B2)'] },
  },
  {
    file: 'pdf/curriculum-es.pdf', language: 'es', name: 'Inés Carrascal Rubio', role: 'Enfermera', contact: ['Calle de la Noria 18, 3.º B, 41010 Sevilla', '+34 955 000 733', 'ines@carrascal.example'], title: 'Curriculum vitae', look: { font: 'serif', size: 11 },
    parts: { 'Experiencia laboral': [['2019 – actualidad', 'Hospital de la Vega, Sevilla. Unidad de cuidados intensivos, turno de noche.'], ['2016 – 2019', 'Centro de salud El Olivar, Dos Hermanas. Atención primaria y vacunación.']], 'Formación': [['2012 – 2016', 'Grado en Enfermería, Universidad del Sur'], ['2021', 'Máster en cuidados críticos']] }, skills: { Idiomas: ['Español, nativo', 'Inglés, B2', 'Portugués, A2'] },
  },
]

function cv({ file, language, name, role, contact, profile, parts, skills, columns, end, look, ...life }) {
  const story = Object.entries(parts).flatMap(([part, rows]) => [heading(part), pairs(rows)])
  const known = Object.entries(skills).flatMap(([part, items]) => [heading(part), list(items)])
  const top = [...(life.title ? [title(life.title)] : []), life.title ? heading(name) : title(name), paragraph(role, 'italic'), lines(contact), ...(profile ? [paragraph(profile)] : [])]
  const about = { file, type: 'cv', language, title: life.title ?? name, facts: { name } }
  const body = [...story, ...(columns ? [] : known), ...(end ? [paragraph(end)] : [])]
  const options = { author: name, ...look }
  if (!columns) return write(about, [...top, ...body], options)
  return write(about, body, options, (sheet) => {
    sheet.draw(top).split(columns)
    sheet.draw(known).nextColumn()
  })
}

export async function documents() {
  const made = []
  for (const life of LIVES) made.push(await cv(life))
  return made
}
