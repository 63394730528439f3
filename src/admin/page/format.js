/** Numbers and moments for the reader of the page. Amounts arrive as nanos in strings of digits. */

let symbol = '$'

/** The symbol before amounts, as the server says. @param {string} text */
export function setCurrency(text) {
  symbol = text
}

/**
 * "$12.34", or as many decimals as the amount has; at least so many where amounts stand in a column.
 * @param {string | bigint} nanos @param {number} [decimals]
 */
export function money(nanos, decimals = 2) {
  const amount = BigInt(nanos)
  const sign = amount < 0n ? '-' : ''
  const digits = (amount < 0n ? -amount : amount).toString().padStart(10, '0')
  const whole = digits.slice(0, -9).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
  return `${sign}${symbol}${whole}.${digits.slice(-9).replace(/0+$/, '').padEnd(decimals, '0')}`
}

/** How many decimals amounts of one column need. @param {readonly (string | bigint)[]} amounts */
export const decimalsFor = (amounts) =>
  Math.max(2, ...amounts.map((nanos) => money(nanos).split('.')[1]?.length ?? 0))

/** An amount of a limit in the limit's own unit. @param {string} amount @param {string} unit */
export function quantity(amount, unit) {
  if (unit === 'money') return money(amount)
  const count = BigInt(amount).toLocaleString('en')
  return `${count} ${unit === 'tokens' ? 'tokens' : amount === '1' ? 'request' : 'requests'}`
}

/** "12,345". @param {number} number */
export const count = (number) => number.toLocaleString('en')

/** "18:05" today, else "Mon 23 Nov 18:05". @param {number} atMs @param {number} nowMs */
export function clock(atMs, nowMs) {
  const at = new Date(atMs)
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  if (at.toDateString() === new Date(nowMs).toDateString()) return time
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { weekday: 'short', day: 'numeric', month: 'short' }
  if (at.getFullYear() !== new Date(nowMs).getFullYear()) options.year = 'numeric'
  return `${at.toLocaleDateString('en-GB', options).replace(',', '')} ${time}`
}

/** "18:05:09" today, else with the day. @param {number} atMs @param {number} nowMs */
export const clockToTheSecond = (atMs, nowMs) =>
  `${clock(atMs, nowMs)}:${String(new Date(atMs).getSeconds()).padStart(2, '0')}`

/**
 * "in 3 h 12 min"; minutes and seconds round up, so that nobody is told to come too early.
 * @param {number} atMs @param {number} nowMs
 */
export function countdown(atMs, nowMs) {
  const seconds = Math.max(0, Math.ceil((atMs - nowMs) / 1000))
  if (seconds < 60) return `in ${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `in ${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `in ${pair([hours, 'h'], [minutes % 60, 'min'])}`
  return `in ${pair([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])}`
}

/**
 * "2 d 3 h", "2 d" where nothing is left over. @param {[number, string]} large @param {[number, string]} small
 */
const pair = (large, small) =>
  small[0] === 0 ? large.join(' ') : `${large.join(' ')} ${small.join(' ')}`
