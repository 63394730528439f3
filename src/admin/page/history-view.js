import { byId, make, say } from './element.js'
import { clock, clockToTheSecond, count, decimalsFor, money } from './format.js'

/** @typedef {import('../contract.ts').HistoryAnswer} HistoryAnswer */
/** @typedef {HistoryAnswer['lines'][number]} Line */
/** @typedef {NonNullable<Line['request']>} HistoryRequest */
/** @typedef {{ cost: number, balance: number }} Decimals of the amounts in a column */

/** The same words as `estimateWords` in wording.ts, which a browser cannot load. */
const estimateWords = 'The caller left early, or the reply had no final token count.'

const sources = { plan: 'plan', extra_usage: 'extra usage', free: 'free' }

/**
 * Shows the newest lines first. The table is made anew only when a line is new, so that a reader's focus
 * and selection stay.
 * @param {HistoryAnswer} history @param {number} nowMs @param {(decisionId: string) => void} onExplain
 */
export function showHistory(history, nowMs, onExplain) {
  const body = byId('history')
  const newest = `${history.position}:${history.lines.length}`
  if (body.getAttribute('data-newest') !== newest) {
    body.setAttribute('data-newest', newest)
    const decimals = {
      cost: decimalsFor(history.lines.map(({ request }) => request?.costNanos ?? '0')),
      balance: decimalsFor(
        history.lines.flatMap(({ balanceNanos, changeNanos }) => [balanceNanos, changeNanos]),
      ),
    }
    body.replaceChildren(
      ...history.lines.toReversed().map((line) => row(line, { nowMs, decimals, onExplain })),
    )
  }
  byId('history-empty').hidden = history.lines.length > 0
  byId('history-table').hidden = history.lines.length === 0
  say(byId('history-check'), checkWords(history))
}

/** @param {HistoryAnswer} history */
function checkWords(history) {
  if (history.lines.length === 0) return ''
  const isEstimated = history.lines.some(({ request }) => request?.isEstimate === true)
  const note = isEstimated ? ` Estimated: ${estimateWords}` : ''
  const sum = `${money(history.openingNanos)} before the first of these lines, ${money(history.closingNanos)} after the last`
  return history.addsUp
    ? `It adds up: ${sum}.${note}`
    : `It does not add up: ${sum}. This is a fault of the server; please report it.${note}`
}

/**
 * @param {Line} line
 * @param {{ nowMs: number, decimals: Decimals, onExplain: (decisionId: string) => void }} how
 */
function row(line, { nowMs, decimals, onExplain }) {
  // A request that came to nothing has no cost to tell.
  const request = line.kind === 'request' ? line.request : null
  return make(
    'tr',
    {},
    make('td', { class: 'nowrap' }, clockToTheSecond(line.atMs, nowMs)),
    make('td', {}, ...what(line, nowMs, onExplain)),
    make('td', { class: 'nowrap' }, ...(request === null ? [] : tokens(request))),
    make(
      'td',
      { class: 'number', 'data-label': 'Cost' },
      ...(request === null ? [] : [money(request.costNanos, decimals.cost)]),
    ),
    make(
      'td',
      { class: 'nowrap', 'data-label': 'Paid by' },
      ...(request === null ? [] : paidBy(request)),
    ),
    make('td', { class: 'number', 'data-label': 'Balance' }, ...balance(line, decimals.balance)),
  )
}

/** @param {Line} line @param {number} nowMs @param {(decisionId: string) => void} onExplain */
function what(line, nowMs, onExplain) {
  const { request } = line
  if (request === null) {
    if (line.expiresAtMs === null) return [line.title]
    return [line.title, make('span', { class: 'muted' }, `until ${clock(line.expiresAtMs, nowMs)}`)]
  }
  const button = make(
    'button',
    { type: 'button', class: 'link', 'aria-label': `Explain the request to ${request.model}` },
    'explain',
  )
  button.addEventListener('click', () => onExplain(request.holdId))
  const notes = [
    ...(request.isEstimate ? [make('span', { title: estimateWords }, 'estimated'), ' · '] : []),
    ...(request.isLate ? ['settled late · '] : []),
  ]
  return [line.title, make('span', { class: 'muted' }, ...notes, button)]
}

/** @param {HistoryRequest} request */
function tokens({ usage }) {
  const cacheWrite = (usage.cache_write_5m ?? 0) + (usage.cache_write_1h ?? 0)
  const main = `${count(usage.input ?? 0)} in, ${count(usage.output ?? 0)} out`
  const more = [
    ...(usage.cache_read ? [`${count(usage.cache_read)} from cache`] : []),
    ...(cacheWrite > 0 ? [`${count(cacheWrite)} to cache`] : []),
    ...(usage.web_search ? [`${count(usage.web_search)} web searches`] : []),
    ...(usage.web_fetch ? [`${count(usage.web_fetch)} web fetches`] : []),
    ...(usage.code_execution ? [`${count(usage.code_execution)} code runs`] : []),
  ]
  return more.length === 0 ? [main] : [main, make('span', { class: 'muted' }, more.join(', '))]
}

/** @param {HistoryRequest} request */
function paidBy(request) {
  if (request.overrunNanos === '0') return [sources[request.source]]
  return [
    sources[request.source],
    make('span', { class: 'muted' }, `${money(request.overrunNanos)} by the operator`),
  ]
}

/** @param {Line} line @param {number} decimals */
function balance(line, decimals) {
  const after = money(line.balanceNanos, decimals)
  if (line.changeNanos === '0') return [make('span', { class: 'unchanged' }, after)]
  const sign = line.changeNanos.startsWith('-') ? '' : '+'
  return [after, make('span', { class: 'muted' }, `${sign}${money(line.changeNanos, decimals)}`)]
}
