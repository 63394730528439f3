import { styleText } from 'node:util'

/**
 * How the command line writes: aligned tables, bars and colours for a person, and nothing that could
 * steer a terminal. Every text that came from elsewhere passes `safeText`.
 */
export type Terminal = {
  readonly columns: number
  readonly isColored: boolean
  /** Whether a person watches standard error, so that progress is worth showing. */
  readonly isWatched: boolean
  write(text: string): void
  writeError(text: string): void
}

type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function paint(terminal: Terminal, tone: Tone, text: string): string {
  return terminal.isColored ? styleText(tone, text, { validateStream: false }) : text
}

/** Replaces what a terminal would act on or hide: control, format and line-separating characters. */
export const safeText = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\u{fffd}')

/** What steers a terminal or turns the order of letters around, but for line breaks and tabs. */
const steering = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
/** Colours, and what wipes a line of progress: all that this program sends itself. */
// eslint-disable-next-line no-control-regex -- they begin with one
const ownSequences = /(\u001b\[[\d;]*m|\r\u001b\[K)/

/**
 * The last door before the terminal: whatever a command forgot to make safe is made safe here. In JSON the
 * same characters are written as escapes, so that its value stays what it is.
 */
export function guardTerminal(terminal: Terminal, isJson: boolean): Terminal {
  const guard = (text: string): string =>
    isJson
      ? text.replaceAll(steering, escapeOf)
      : text
          .split(ownSequences)
          .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(steering, '\u{fffd}')))
          .join('')
  return {
    ...terminal,
    write: (text) => terminal.write(guard(text)),
    writeError: (text) => terminal.writeError(guard(text)),
  }
}

const escapeOf = (letter: string): string =>
  `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u

/** How many cells a text takes on a terminal, colours left out. */
export function cellWidth(text: string): number {
  // eslint-disable-next-line no-control-regex -- the escape that begins a colour is what is left out
  const bare = text.replaceAll(/\u001b\[[\d;]*m/g, '')
  let cells = 0
  for (const { segment } of new Intl.Segmenter('en').segment(bare))
    cells += wide.test(segment) ? 2 : 1
  return cells
}

export type Column = {
  readonly title: string
  readonly isRight?: boolean
  /** Amounts, which all get as many decimals as the one with most. */
  readonly isMoney?: boolean
  /** Broken into lines where the terminal is too narrow; at most one column is, and no other is touched. */
  readonly isFlexible?: boolean
}

const gap = '  '
const flexibleMin = 8

/**
 * Lines of a table with a header; the flexible column gives way so that lines fit the terminal, and no
 * character is lost. A row that is one text stands as a line of its own.
 */
export function table(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly string[] | string)[],
): string {
  const all = [columns.map((column) => column.title), ...withEqualDecimals(columns, rows)]
  const cells = all.filter((row) => typeof row !== 'string')
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => cellWidth(row[index] ?? ''))),
  )
  const flexible = columns.findIndex((column) => column.isFlexible === true)
  const total = widths.reduce((sum, width) => sum + width, 0) + gap.length * (columns.length - 1)
  const own = widths[flexible]
  if (own !== undefined && total > terminal.columns) {
    widths[flexible] = Math.max(Math.min(own, flexibleMin), own - (total - terminal.columns))
  }
  const lines = all.flatMap((row, line) => {
    if (typeof row === 'string') return [row]
    const cellLines = columns.map((_, index) => fold(row[index] ?? '', widths[index] ?? 0))
    const height = Math.max(...cellLines.map((each) => each.length))
    return Array.from({ length: height }, (_, part) => {
      const text = columns.map((column, index) =>
        pad(cellLines[index]?.[part] ?? '', widths[index] ?? 0, column.isRight === true),
      )
      const joined = text.join(gap).trimEnd()
      return line === 0 ? paint(terminal, 'dim', joined) : joined
    })
  })
  return lines.join('\n')
}

const decimalsOf = (text: string): number => /\d\.(\d+)$/.exec(text)?.[1]?.length ?? 0

function withEqualDecimals(
  columns: readonly Column[],
  rows: readonly (readonly string[] | string)[],
): readonly (readonly string[] | string)[] {
  const cells = rows.filter((row) => typeof row !== 'string')
  const most = columns.map((column, index) =>
    column.isMoney === true ? Math.max(0, ...cells.map((row) => decimalsOf(row[index] ?? ''))) : 0,
  )
  const filled = (text: string, decimals: number): string => {
    const own = decimalsOf(text)
    return own === 0 ? text : text + '0'.repeat(Math.max(0, decimals - own))
  }
  return rows.map((row) =>
    typeof row === 'string' ? row : row.map((cell, index) => filled(cell, most[index] ?? 0)),
  )
}

function pad(text: string, width: number, isRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - cellWidth(text)))
  return isRight ? `${space}${text}` : `${text}${space}`
}

/** A text in lines of so many cells: broken at spaces, and within a word only where that is too long. */
function fold(text: string, width: number): readonly string[] {
  if (cellWidth(text) <= width) return [text]
  const words = text
    .split(' ')
    .flatMap((word) => (cellWidth(word) > width ? pieces(word, width) : [word]))
  return wrap(words.join(' '), width).split('\n')
}

function pieces(word: string, width: number): readonly string[] {
  const found = ['']
  for (const { segment } of new Intl.Segmenter('en').segment(word)) {
    const last = found.at(-1) ?? ''
    if (last !== '' && cellWidth(last) + cellWidth(segment) > width) found.push(segment)
    else found[found.length - 1] = last + segment
  }
  return found
}

/** "label  value" lines with the values aligned. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([label]) => cellWidth(label)))
  return rows.map(([label, value]) => `${pad(label, width, false)}${gap}${value}`).join('\n')
}

const barCells = 20

/** A bar of 20 cells: used in full, held by running requests in part, the rest empty. */
export function bar(share: {
  readonly used: bigint
  readonly held: bigint
  readonly amount: bigint
}): string {
  const cellsFor = (part: bigint): number => {
    if (share.amount <= 0n) return barCells
    const cells = Number((part * BigInt(barCells)) / share.amount)
    // Something used is never shown as nothing.
    return Math.min(barCells, cells === 0 && part > 0n ? 1 : cells)
  }
  const used = cellsFor(share.used)
  const held = Math.max(used, cellsFor(share.used + share.held)) - used
  return '█'.repeat(used) + '▒'.repeat(held) + '░'.repeat(barCells - used - held)
}

/** Breaks a sentence into lines that fit, at spaces. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && cellWidth(indent) + cellWidth(line) + 1 + cellWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((each) => `${indent}${each}`).join('\n')
}
