// What a document says, apart from how it looks. Each writer (PDF, DOCX, HTML, Markdown, text) draws the same blocks.

export const title = (text) => ({ is: 'title', text })
export const heading = (text) => ({ is: 'heading', text })
export const paragraph = (text, style = 'regular') => ({ is: 'paragraph', text, style })
export const lines = (list, align = 'left') => ({ is: 'lines', lines: list.filter(Boolean), align })
export const list = (items, ordered = false) => ({ is: 'list', items, ordered })
export const pairs = (rows) => ({ is: 'pairs', rows: rows.filter(([, value]) => value) })
/** Sums under a table: [label, value, strong?], at its right edge where the format has one. */
export const totals = (rows) => ({ is: 'totals', rows })
export const rule = () => ({ is: 'rule' })
export const space = (height = 12) => ({ is: 'space', height })

/** `columns`: { title, width (a share), align? }; `rows`: cells as text; `look`: ruled, plain, grid or banded. */
export const table = (columns, rows, look = 'ruled') => ({ is: 'table', columns, rows, look })
