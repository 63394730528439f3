import { buttonById, byId, make, say } from './element.js'
import { clock, countdown, money, quantity } from './format.js'

/** @typedef {import('../contract.ts').UsageAnswer} UsageAnswer */
/** @typedef {import('../contract.ts').LimitAnswer} LimitAnswer */

/**
 * Shows what is left. Called again for every change and every second, so it changes texts in place and
 * makes elements only where a limit is new: focus and selection stay where they are.
 * @param {UsageAnswer} usage @param {number} nowMs the server's clock
 */
export function showFigures(usage, nowMs) {
  const { figures } = usage
  say(byId('member-name'), usage.member.name ?? usage.member.id)
  say(byId('member-plan'), `${figures.planName} plan, ${usage.customer.name ?? usage.customer.id}`)
  showNext(usage, nowMs)
  showLimits(figures.limits, nowMs)
  showSwitches(figures.extraUsage)
  showMoney(figures.extraUsage, nowMs)
  showFoot(usage, nowMs)
  const [first] = figures.limits
  document.title =
    first === undefined ? 'Plimsoll' : `${percent(first)} % ${first.title} · Plimsoll`
}

/** @param {UsageAnswer} usage @param {number} nowMs */
function showNext(usage, nowMs) {
  const { blocked } = usage
  const stops = blocked === null ? [] : [{ text: blocked.sentence, kind: 'nobody' }]
  const pays = usage.nextPayers.flatMap((next) => {
    const again =
      next.planPaysAgainMs === null
        ? []
        : [
            `The plan pays again from ${clock(next.planPaysAgainMs, nowMs)}, ${countdown(next.planPaysAgainMs, nowMs)}.`,
          ]
    return [
      { text: next.sentence, kind: next.payer },
      ...again.map((text) => ({ text, kind: 'when' })),
    ]
  })
  const lines = [...stops, ...pays]
  const box = byId('next')
  if (box.childElementCount !== lines.length) {
    box.replaceChildren(...lines.map(() => make('p', {})))
  }
  lines.forEach((line, index) => {
    const paragraph = box.children[index]
    if (paragraph === undefined) return
    paragraph.className = line.kind
    say(paragraph, line.text)
  })
}

/** @param {readonly LimitAnswer[]} limits @param {number} nowMs */
function showLimits(limits, nowMs) {
  const box = byId('limits')
  const shown = [...box.children].map((row) => row.getAttribute('data-limit'))
  if (shown.join(' ') !== limits.map((limit) => limit.limitId).join(' ')) {
    box.replaceChildren(...limits.map(limitRow))
  }
  if (limits.length === 0)
    say(box, 'This plan has no limits of its own; every request is extra usage.')
  limits.forEach((limit, index) => {
    const row = box.children[index]
    if (row !== undefined) fillLimit(row, limit, nowMs)
  })
}

/** @param {LimitAnswer} limit */
function limitRow(limit) {
  const titleId = `limit-${limit.limitId}`
  return make(
    'div',
    { class: 'limit', 'data-limit': limit.limitId },
    make(
      'p',
      { class: 'limit-head' },
      make('strong', { id: titleId }),
      make('span', { class: 'percent' }),
    ),
    make(
      'div',
      {
        class: 'bar',
        role: 'meter',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
        'aria-labelledby': titleId,
      },
      make('i', {}),
      make('i', {}),
    ),
    make(
      'p',
      { class: 'limit-foot' },
      make('span', { class: 'used' }),
      make('span', { class: 'reset' }),
    ),
  )
}

/** @param {Element} row @param {LimitAnswer} limit @param {number} nowMs */
function fillLimit(row, limit, nowMs) {
  const used = BigInt(limit.used)
  const held = BigInt(limit.held)
  const amount = BigInt(limit.amount)
  row.classList.toggle('full', used + held >= amount)
  sayIn(row, 'strong', limit.title)
  sayIn(row, '.percent', `${percent(limit)} % used`)
  sayIn(row, '.used', usedWords(limit))
  sayIn(row, '.reset', resetWords(limit, nowMs))

  const shares = [share(used, amount), share(used + held, amount) - share(used, amount)]
  row.querySelectorAll('i').forEach((part, index) => {
    part.style.width = `${shares[index] ?? 0}%`
  })
  const meter = row.querySelector('.bar')
  meter?.setAttribute('aria-valuenow', String(Math.min(100, limit.usedPercent)))
  meter?.setAttribute('aria-valuetext', `${percent(limit)} percent used, ${usedWords(limit)}`)
}

/** Something used is never shown as nothing. @param {LimitAnswer} limit */
const percent = (limit) =>
  limit.usedPercent === 0 && limit.used !== '0' ? '< 1' : String(limit.usedPercent)

/** The width of a part in percent with two decimals, for drawing only. @param {bigint} part @param {bigint} whole */
function share(part, whole) {
  if (whole <= 0n || part >= whole) return 100
  return Number((part * 10_000n) / whole) / 100
}

/** @param {LimitAnswer} limit */
function usedWords(limit) {
  const used = `${quantity(limit.used, limit.unit)} of ${quantity(limit.amount, limit.unit)}`
  return limit.held === '0'
    ? used
    : `${used}, ${quantity(limit.held, limit.unit)} held by running requests`
}

/** @param {LimitAnswer} limit @param {number} nowMs */
function resetWords(limit, nowMs) {
  if (limit.resetMs === null) return 'starts with your next message'
  return `resets ${clock(limit.resetMs, nowMs)}, ${countdown(limit.resetMs, nowMs)}`
}

/** @param {Element} row @param {string} selector @param {string} text */
function sayIn(row, selector, text) {
  const element = row.querySelector(selector)
  if (element !== null) say(element, text)
}

/** @param {UsageAnswer['figures']['extraUsage']} extra */
function showSwitches(extra) {
  say(
    byId('switch-customer'),
    `For the whole account, extra usage is ${extra.isOnForCustomer ? 'on' : 'off'}.`,
  )
  const isEffective = extra.isOnForCustomer && extra.isOnForMember
  const own = `For you, extra usage is ${extra.isOnForMember ? 'on' : 'off'}.`
  const together =
    extra.isOnForMember && !isEffective ? ' It counts once the account is on, too.' : ''
  say(byId('switch-member'), own + together)
  say(buttonById('switch-button'), extra.isOnForMember ? 'Turn off for me' : 'Turn on for me')
}

/** @param {UsageAnswer['figures']['extraUsage']} extra @param {number} nowMs */
function showMoney(extra, nowMs) {
  say(byId('balance'), money(extra.balanceNanos))
  say(
    byId('balance-note'),
    extra.heldNanos === '0'
      ? 'nothing held'
      : `${money(extra.heldNanos)} of it held by running requests`,
  )
  say(byId('spent'), money(extra.spentNanos))
  const ends = `the month ends ${clock(extra.capResetMs, nowMs)}`
  say(byId('spent-note'), `${capWords(extra.capNanos)}; ${ends}`)
  byId('own-spent-box').hidden = extra.memberCapNanos === null
  say(byId('own-spent'), money(extra.memberSpentNanos))
  say(byId('own-spent-note'), `${capWords(extra.memberCapNanos)}; ${ends}`)
}

/** @param {string | null} capNanos */
const capWords = (capNanos) =>
  capNanos === null ? 'no cap: up to the balance' : `of a cap of ${money(capNanos)}`

/** @param {UsageAnswer} usage @param {number} nowMs */
function showFoot(usage, nowMs) {
  const { figures, lastDrift } = usage
  say(byId('running'), `${figures.runningCount} of at most ${figures.runningMax} requests running.`)
  const found =
    lastDrift === null
      ? 'No stored sum of this account was found different from it.'
      : `Last difference: ${lastDrift.field}, found and put right ${clock(lastDrift.foundAtMs, nowMs)}; no decision rested on it.`
  say(byId('health'), `Read from the journal at entry ${figures.position}. ${found}`)
}
