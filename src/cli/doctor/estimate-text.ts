import { formatMoney } from '../../core/money.ts'
import type { LocalUsage, UsageSpan } from '../../doctor/figures/local-usage.ts'
import { paint, safeText, wrap } from '../terminal.ts'
import type { Page } from './doctor-text.ts'

const modelsShownMax = 4

/** What this machine used, told as what it is: an estimate, and no word about any limit. Empty where nothing was used. */
export function estimateText(usage: LocalUsage, { terminal }: Page): string {
  if (usage.spans.every(({ requests }) => requests === 0)) return ''
  const { sessions } = usage
  const cost =
    sessions === null || sessions.costNanos === 0n
      ? []
      : [
          `By the client’s own count at list prices: ${formatMoney(sessions.costNanos)}, in ${counted(sessions.count, 'session')} begun within 7 days.`,
        ]
  const part = usage.isWhole ? '' : ' Not everything was read, so it was at least so much.'
  const lines = [
    ...usage.spans.map(spanText),
    ...cost,
    `Estimate, from this machine’s transcripts; says nothing about your limit.${part}`,
  ]
  const shown = lines.map((line) => wrap(safeText(line), terminal.columns, '  '))
  return [paint(terminal, 'bold', 'Used on this machine'), ...shown].join('\n')
}

function spanText({ hours, requests, tokens, models }: UsageSpan): string {
  const when = hours < 48 ? `Last ${hours} hours` : `Last ${hours / 24} days`
  if (requests === 0) return `${when}: nothing.`
  const count = (value: number): string => value.toLocaleString('en')
  const names = models
    .slice(0, modelsShownMax)
    .map((each) => `${each.model} ${count(each.requests)}`)
  const more = models.length > modelsShownMax ? [`${models.length - modelsShownMax} more`] : []
  return `${when}: ${counted(requests, 'request')} (${[...names, ...more].join(', ')}); tokens: ${count(tokens.input)} in, ${count(tokens.output)} out, ${count(tokens.cacheWrite)} written to the cache, ${count(tokens.cacheRead)} read from it.`
}

const counted = (value: number, what: string): string =>
  `${value.toLocaleString('en')} ${what}${value === 1 ? '' : 's'}`
