import type { Figure, Origin, WindowName } from '../verdict/evidence.ts'
import { moneyIn } from './money-in-text.ts'
import { resetInText } from '../verdict/reset-in-text.ts'

/**
 * The figures in text that was copied from the service's usage page, or from what `/usage` shows in the
 * client. Lines are read under the heading that they stand below; what is not understood is left out.
 */
export function figuresInText(text: string, atMs: number): readonly Figure[] {
  const lines = text.slice(0, pasteMax).split(/\r?\n/).slice(0, linesMax)
  const plain = lines.map((line) => line.replaceAll(/[\u2500-\u259f│]/g, ' ').trim())
  const filled = plain.filter((line) => line !== '')
  const reader = new PageReader(
    { source: { kind: 'person', what: 'pasted text' }, atMs },
    isLabelFirst(filled),
  )
  for (const [index, line] of filled.entries()) {
    reader.read(line, { before: filled[index - 1], next: filled[index + 1] })
  }
  return reader.figures()
}

export const pasteMax = 256 * 1024
const linesMax = 5_000

type Section = WindowName | 'extra_usage' | undefined

const headings: readonly (readonly [RegExp, Exclude<Section, undefined>])[] = [
  [/^(current )?week(ly)?\b.*\bopus\b|^opus( only)?\b/i, 'week_opus'],
  [/^(current )?week(ly)?\b.*\bsonnet\b|^sonnet( only)?\b/i, 'week_sonnet'],
  [/^(current |your )?(5-hour |five-hour )?session\b|^5-hour (limit|window)\b/i, 'session'],
  [/^(current |your )?week(ly)?\b|^all models\b/i, 'week'],
  [/^(extra usage|usage credits)\b/i, 'extra_usage'],
]

class PageReader {
  readonly #origin: Origin
  readonly #isLabelFirst: boolean
  readonly #found = new Map<Figure['name'], Figure>()
  #section: Section

  constructor(origin: Origin, isLabelsFirst: boolean) {
    this.#origin = origin
    this.#isLabelFirst = isLabelsFirst
  }

  figures(): readonly Figure[] {
    return [...this.#found.values()]
  }

  read(line: string, around: Around): void {
    const heading = headings.find(([pattern]) => pattern.test(line))?.[1]
    if (heading !== undefined) this.#section = heading
    this.#readPercent(line)
    this.#readReset(line)
    this.#readMoney(line, around)
    const toggle =
      /^(?:extra usage|usage credits)\b\s*(?:is|are|:|-|–)?\s*(?:turned |switched )?(on|off|enabled|disabled|not enabled)\b/i.exec(
        line,
      )?.[1]
    if (toggle !== undefined) {
      const isOn = /^(on|enabled)$/i.test(toggle)
      this.#keep({ name: 'extra_usage', isOn, ...this.#origin })
    }
  }

  #readPercent(line: string): void {
    const found = /(\d{1,3}(?:[.,]\d+)?)\s*%\s*(used|left|remaining)?/i.exec(line)
    if (found === null || this.#section === undefined || this.#section === 'extra_usage') return
    const said = Number((found[1] ?? '').replace(',', '.'))
    const isLeft = /left|remaining/i.test(found[2] ?? '')
    const usedPercent = isLeft ? 100 - said : said
    if (usedPercent < 0 || usedPercent > 1000) return
    this.#keep({ name: this.#section, usedPercent, resetsAtMs: undefined, ...this.#origin })
  }

  #readReset(line: string): void {
    const section = this.#section
    if (section === undefined || section === 'extra_usage' || !/resets/i.test(line)) return
    const resetsAtMs = resetIn(line, this.#origin.atMs)
    const figure = this.#found.get(section)
    if (resetsAtMs === undefined || figure === undefined || !('usedPercent' in figure)) return
    this.#found.set(section, { ...figure, resetsAtMs: figure.resetsAtMs ?? resetsAtMs })
  }

  #readMoney(line: string, { before, next }: Around): void {
    const both = /^(.*?)(?:\/|\bof\b)(.*)\b(?:spent|used)\b/i.exec(line)
    const [spent, cap] = [moneyIn(both?.[1] ?? ''), moneyIn(both?.[2] ?? '')]
    if (spent !== undefined && cap !== undefined) {
      this.#keep({ name: 'spent', ...spent, ...this.#origin })
      this.#keep({ name: 'cap', ...cap, ...this.#origin })
      return
    }
    // The label stands on the amount's own line, or on the one above or below it, the same throughout a page.
    const isAlone = isBareAmount(line)
    const label = !isAlone ? line : this.#isLabelFirst ? (before ?? '') : (next ?? '')
    const name = labelOf(label)
    const money = moneyIn(line)
    if (name !== undefined && money !== undefined) this.#keep({ name, ...money, ...this.#origin })
    else if (labelOf(line) === 'cap' && /unlimited/i.test(`${line} ${next ?? ''}`)) {
      this.#keep({ name: 'cap', amountNanos: undefined, symbol: '$', ...this.#origin })
    }
  }

  #keep(figure: Figure): void {
    if (!this.#found.has(figure.name)) this.#found.set(figure.name, figure)
  }
}

type Around = { readonly before: string | undefined; readonly next: string | undefined }

const isBareAmount = (line: string): boolean =>
  moneyIn(line) !== undefined && !/[a-z]{4,}/i.test(line)

/** The first amount that stands alone shows how the page is laid out. */
function isLabelFirst(lines: readonly string[]): boolean {
  const above = lines[lines.findIndex(isBareAmount) - 1]
  return above !== undefined && labelOf(above) !== undefined && moneyIn(above) === undefined
}

function labelOf(line: string): 'balance' | 'cap' | 'spent' | undefined {
  if (/\bbalance\b/i.test(line)) return 'balance'
  if (/(spend(ing)?|monthly) (limit|cap)\b|^cap\b/i.test(line)) return 'cap'
  return /\bspent\b/i.test(line) ? 'spent' : undefined
}

/** "Resets in 3 hr 20 min", or a moment. */
function resetIn(line: string, atMs: number): number | undefined {
  const span = /resets? in (?:(\d+) ?d\w*)?,? ?(?:(\d+) ?h\w*)?,? ?(?:(\d+) ?m\w*)?/i.exec(line)
  const [days, hours, minutes] = [span?.[1], span?.[2], span?.[3]].map((part) => Number(part ?? 0))
  const ms = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000
  return ms > 0 ? atMs + ms : resetInText(line, atMs)
}
