// Money is integer cents, a date is a 'YYYY-MM-DD' string; both are written as each language writes them.

const WRITTEN = {
  en: { group: ',', decimal: '.', before: true, date: 'D MMMM YYYY' },
  us: { group: ',', decimal: '.', before: true, date: 'MMMM D, YYYY' },
  de: { group: '.', decimal: ',', date: 'DD.MM.YYYY' },
  ch: { group: '’', decimal: '.', before: true, date: 'DD.MM.YYYY' },
  fr: { group: '\u00a0', decimal: ',', date: 'DD/MM/YYYY' },
  es: { group: '.', decimal: ',', date: 'DD/MM/YYYY' },
  it: { group: '.', decimal: ',', before: true, date: 'DD/MM/YYYY' },
  nl: { group: '.', decimal: ',', before: true, date: 'DD-MM-YYYY' },
  pt: { group: '.', decimal: ',', date: 'DD/MM/YYYY' },
}
const SYMBOL = { EUR: '€', GBP: '£', USD: '$', CHF: 'CHF' }
const MONTHS = {
  en: 'January February March April May June July August September October November December',
  de: 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember',
  fr: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre',
  es: 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  it: 'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  nl: 'januari februari maart april mei juni juli augustus september oktober november december',
  pt: 'janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro',
}

/** How a locale writes things; 'us' and 'ch' are English and German written their own way. */
export const language = (locale) => ({ us: 'en', ch: 'de' })[locale] ?? locale

export function amount(cents, locale) {
  const { group, decimal } = WRITTEN[locale]
  const [whole, part] = (Math.abs(cents) / 100).toFixed(2).split('.')
  return `${cents < 0 ? '-' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, group)}${decimal}${part}`
}

export function money(cents, currency, locale) {
  const symbol = SYMBOL[currency]
  if (!WRITTEN[locale].before) return `${amount(cents, locale)}\u00a0${symbol}`
  return symbol.length > 1 || !['en', 'us'].includes(locale) ? `${symbol}\u00a0${amount(cents, locale)}` : amount(cents, locale).replace(/^(-?)/, `$1${symbol}`)
}

export const decimal = (cents) => (cents / 100).toFixed(2)
export const number = (value, locale) => String(value).replace('.', WRITTEN[locale].decimal)
export const percent = (rate, locale) => `${number(rate, locale)}${['de', 'fr', 'es'].includes(language(locale)) ? '\u00a0' : ''}%`

export function day(date, locale, pattern = WRITTEN[locale].date) {
  const [y, m, d] = date.split('-')
  const month = MONTHS[language(locale)].split(' ')[m - 1]
  return pattern.replace(/YYYY|MMMM|MM|DD|D/g, (part) => ({ YYYY: y, MMMM: month, MM: m, DD: d, D: String(+d) })[part])
}

export const longDay = (date, locale) =>
  day(date, locale, { us: 'MMMM D, YYYY', de: 'D. MMMM YYYY', ch: 'D. MMMM YYYY', es: 'D de MMMM de YYYY', pt: 'D de MMMM de YYYY' }[locale] ?? 'D MMMM YYYY')

export function daysAfter(date, days) {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}
