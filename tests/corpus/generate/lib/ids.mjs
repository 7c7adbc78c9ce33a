// Numbers that pass their own checks and belong to nobody we know of.

const digitsOf = (text) => [...text].map(Number)
const mod = (digits, by) => digitsOf(digits).reduce((rest, digit) => (rest * 10 + digit) % by, 0)
const weighted = (digits, weights) => digitsOf(digits).reduce((sum, digit, i) => sum + digit * weights[i], 0)

function luhn(digits) {
  const sum = digitsOf(digits).reverse().reduce((sum, digit, i) => sum + (i % 2 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0)
  return (10 - (sum % 10)) % 10
}

function iso7064(digits) {
  let product = 10
  for (const digit of digitsOf(digits)) product = (((digit + product) % 10 || 10) * 2) % 11
  return (11 - product) % 10
}

const VAT = {
  DE: ({ digits }) => checked(digits(8), iso7064, 'DE'),
  AT: ({ digits }) => `ATU${digits(8)}`,
  CH: ({ digits }) => `CHE-${digits(3)}.${digits(3)}.${digits(3)} MWST`,
  IT: ({ digits }) => checked('0' + digits(9), luhn, 'IT'),
  FR: ({ digits }) => {
    const siren = checked(digits(8), luhn)
    return `FR${String((12 + 3 * mod(siren, 97)) % 97).padStart(2, '0')}${siren}`
  },
  GB: ({ digits }) => {
    const stem = digits(7)
    return `GB${stem}${String(97 - (weighted(stem, [8, 7, 6, 5, 4, 3, 2]) % 97)).padStart(2, '0')}`
  },
  NL: (source) => elevens(source, 8, [9, 8, 7, 6, 5, 4, 3, 2], (sum) => sum % 11, (n) => `NL${n}B01`),
  PT: (source) => elevens(source, 7, [9, 8, 7, 6, 5, 4, 3, 2], (sum) => (11 - (sum % 11)) % 11, (n) => `PT${n}`, '5'),
  ES: ({ digits }) => checked(digits(7), luhn, 'ESB'),
  IE: ({ digits }) => {
    const stem = digits(7)
    return `IE${stem}${'WABCDEFGHIJKLMNOPQRSTUV'[weighted(stem, [8, 7, 6, 5, 4, 3, 2]) % 23]}`
  },
  US: ({ digits }) => `${digits(2)}-${digits(7)}`,
}

const checked = (digits, check, prefix = '') => `${prefix}${digits}${check(digits)}`

/** Modulo 11 can leave the check "10", which no number has: then another is drawn. */
function elevens(source, count, weights, check, write, start = '') {
  for (;;) {
    const stem = start + source.digits(count)
    const digit = check(weighted(stem, weights))
    if (digit < 10) return write(stem + digit)
  }
}

/** The account part of an IBAN: national bank codes here are invented too. */
const ACCOUNT = {
  DE: ({ digits }) => `9${digits(7)}${digits(10)}`,
  AT: ({ digits }) => `9${digits(4)}${digits(11)}`,
  CH: ({ digits }) => `9${digits(4)}0${digits(11)}`,
  GB: ({ digits }) => `NRTW${digits(6)}${digits(8)}`,
  IE: ({ digits }) => `LFFY${digits(6)}${digits(8)}`,
  NL: ({ digits }) => `POLD0${digits(9)}`,
  IT: ({ digits }) => `X${digits(10)}0${digits(11)}`,
  PT: ({ digits }) => `9${digits(18)}00`,
  ES: ({ digits }) => `9${digits(3)}${digits(4)}00${digits(10)}`,
  FR: ({ digits }) => {
    const [bank, branch, account] = [digits(5), digits(5), digits(11)]
    const key = 97 - ((89 * +bank + 15 * +branch + 3 * +account) % 97)
    return `${bank}${branch}${account}${String(key).padStart(2, '0')}`
  },
}

export const vatId = (country, source) => VAT[country](source)

export function iban(country, source) {
  const account = ACCOUNT[country](source)
  const numeric = [...`${account}${country}00`].map((c) => parseInt(c, 36)).join('')
  const check = String(98 - mod(numeric, 97)).padStart(2, '0')
  return `${country}${check}${account}`.replace(/(.{4})(?=.)/g, '$1 ')
}
