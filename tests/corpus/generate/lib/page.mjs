// HTML, Markdown and plain text of the same blocks.

export const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

const tag = (name, text) => `<${name}>${escape(text)}</${name}>`
const HTML = {
  title: ({ text }) => tag('h1', text),
  heading: ({ text }) => tag('h2', text),
  paragraph: ({ text, style }) => (style === 'regular' ? tag('p', text) : `<p>${tag({ bold: 'strong', italic: 'em' }[style], text)}</p>`),
  lines: ({ lines, align }) => `<address${align === 'right' ? ' class="right"' : ''}>${lines.map(escape).join('<br>\n')}</address>`,
  list: ({ items, ordered }) => `<${ordered ? 'ol' : 'ul'}>\n${items.map((item) => tag('li', item)).join('\n')}\n</${ordered ? 'ol' : 'ul'}>`,
  pairs: ({ rows }) => `<dl>\n${rows.map(([label, value]) => `<dt>${escape(label)}</dt><dd>${escape(value)}</dd>`).join('\n')}\n</dl>`,
  totals: ({ rows }) => `<table class="totals">\n${rows.map(([label, value]) => `<tr><td>${escape(label)}</td><td class="right">${escape(value)}</td></tr>`).join('\n')}\n</table>`,
  rule: () => '<hr>',
  space: () => '',
  table({ columns, rows }) {
    const row = (cells, name) => `<tr>${cells.map((cell, i) => `<${name}${columns[i].align === 'right' ? ' class="right"' : ''}>${escape(cell)}</${name}>`).join('')}</tr>`
    const head = columns.some(({ title }) => title) ? `<thead>${row(columns.map(({ title }) => title), 'th')}</thead>\n` : ''
    return `<table>\n${head}<tbody>\n${rows.map((cells) => row(cells, 'td')).join('\n')}\n</tbody>\n</table>`
  },
}

const STYLE = `body{font:15px/1.5 Georgia,serif;max-width:46em;margin:2em auto;color:#222}
table{border-collapse:collapse;width:100%}th,td{padding:.3em .6em;border-bottom:1px solid #ccc;text-align:left}
.right{text-align:right}address{font-style:normal;margin:1em 0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1.5em}dd{margin:0}`

export const htmlBody = (blocks) => blocks.map((block) => HTML[block.is](block)).filter(Boolean).join('\n')

export const html = ({ title, language }, blocks) => `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<title>${escape(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
${htmlBody(blocks)}
</body>
</html>
`

const MARKDOWN = {
  title: ({ text }) => `# ${text}`,
  heading: ({ text }) => `## ${text}`,
  paragraph: ({ text, style }) => ({ regular: text, bold: `**${text}**`, italic: `*${text}*` })[style],
  lines: ({ lines }) => lines.join('  \n'),
  list: ({ items, ordered }) => items.map((item, i) => `${ordered ? `${i + 1}.` : '-'} ${item}`).join('\n'),
  pairs: ({ rows }) => rows.map(([label, value]) => `- **${label}:** ${value}`).join('\n'),
  totals: ({ rows }) => rows.map(([label, value, strong]) => (strong ? `**${label}: ${value}**` : `${label}: ${value}`)).join('  \n'),
  rule: () => '---',
  space: () => '',
  table: ({ columns, rows }) =>
    [columns.map(({ title }) => title), columns.map(({ align }) => (align === 'right' ? '---:' : '---')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
}

export const markdown = (blocks) => `${blocks.map((block) => MARKDOWN[block.is](block)).filter(Boolean).join('\n\n')}\n`

/** Breaks a paragraph into lines no wider than `width`. */
export function wrap(text, width = 76, indent = '') {
  const out = []
  for (const given of text.split('\n')) {
    let line = ''
    for (const word of given.split(' ')) {
      if (line && line.length + 1 + word.length > width - indent.length) {
        out.push(line)
        line = word
      } else line = line ? `${line} ${word}` : word
    }
    out.push(line)
  }
  return out.join(`\n${indent}`)
}

function textTable({ columns, rows }) {
  const all = [columns.map(({ title }) => title), ...rows].map((cells) => cells.map(String))
  const widths = columns.map((_, i) => Math.max(...all.map((cells) => cells[i].length)))
  const written = all.map((cells) => cells.map((cell, i) => (columns[i].align === 'right' ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd())
  const line = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  return written[0].trim() ? [written[0], line, ...written.slice(1), line].join('\n') : [line, ...written.slice(1), line].join('\n')
}

const TEXT = {
  title: ({ text }) => `${text.toUpperCase()}\n${'='.repeat(text.length)}`,
  heading: ({ text }) => text.toUpperCase(),
  paragraph: ({ text }) => wrap(text),
  lines: ({ lines, align }) => lines.map((line) => (align === 'right' ? line.padStart(76) : line)).join('\n'),
  list: ({ items, ordered }) => items.map((item, i) => wrap(`${ordered ? `${i + 1}.` : '-'} ${item}`, 76, '   ')).join('\n'),
  pairs: ({ rows }) => rows.map(([label, value]) => `${`${label}:`.padEnd(Math.max(...rows.map(([l]) => l.length)) + 3)}${value}`).join('\n'),
  totals: ({ rows }) => rows.map(([label, value]) => `${label.padStart(58)}  ${value.padStart(16)}`).join('\n'),
  rule: () => '-'.repeat(76),
  space: () => '',
  table: textTable,
}

export const text = (blocks) => `${blocks.map((block) => TEXT[block.is](block)).filter(Boolean).join('\n\n')}\n`
