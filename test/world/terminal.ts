import { wrapText } from './wrap-text.ts'
import type { Line, LineKind } from './half.ts'
import type { PlayedScene } from './scene.ts'

/** Draws played scenes as two columns of text. Colour only repeats what the words and marks say. */
export type TerminalStyle = { readonly columns: number; readonly isColoured: boolean }

const columnsMin = 40
const columnsMax = 150
/** Below this, the halves stand one under the other. */
const sideBySideMin = 72

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Colour = keyof typeof codes

type Paint = (colour: Colour, text: string) => string

function painter(isColoured: boolean): Paint {
  return isColoured
    ? (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`
    : (_, text) => text
}

const marks: Readonly<Record<LineKind, { readonly mark: string; readonly colour: Colour | null }>> =
  {
    call: { mark: '›', colour: 'cyan' },
    answered: { mark: '✓', colour: 'green' },
    refused: { mark: '✗', colour: 'red' },
    fault: { mark: '!', colour: 'yellow' },
    figure: { mark: ' ', colour: null },
    note: { mark: ' ', colour: 'dim' },
  }

/** One cell of a column: what is printed, and how wide it is without its colours. */
type Cell = { readonly text: string; readonly width: number }

function figureCell(line: Line, width: number): Cell | null {
  const value = line.value ?? ''
  const room = width - 2 - line.text.length - value.length
  if (room < 2) return null
  const dots = ' '.repeat(room)
  return { text: `  ${line.text}${dots}${value}`, width }
}

function lineCells(line: Line, width: number, paint: Paint): readonly Cell[] {
  if (line.kind === 'figure') {
    const cell = figureCell(line, width)
    if (cell !== null) return [cell]
  }
  const { mark, colour } = marks[line.kind]
  const text = line.value === undefined ? line.text : `${line.text} ${line.value}`
  return wrapText(text, width - 2).map((part, index) => {
    const plain = `${index === 0 ? mark : ' '} ${part}`
    return { text: colour === null ? plain : paint(colour, plain), width: plain.length }
  })
}

const columnCells = (lines: readonly Line[], width: number, paint: Paint): readonly Cell[] =>
  lines.flatMap((line) => lineCells(line, width, paint))

function rule(label: string, width: number, paint: Paint): string {
  return `${paint('bold', label)} ${paint('dim', '─'.repeat(Math.max(0, width - label.length - 1)))}`
}

function sideBySide(scene: PlayedScene, width: number, paint: Paint): readonly string[] {
  const columnWidth = Math.floor((width - 3) / 2)
  const left = columnCells(scene.twoBooks, columnWidth, paint)
  const right = columnCells(scene.oneBook, columnWidth, paint)
  const rows = [
    `${rule('Two books', columnWidth, paint)}${paint('dim', '─┬─')}${rule('One book', columnWidth, paint)}`,
  ]
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const cell = left[index] ?? { text: '', width: 0 }
    const padding = ' '.repeat(columnWidth - cell.width)
    rows.push(`${cell.text}${padding}${paint('dim', ' │ ')}${right[index]?.text ?? ''}`)
  }
  return rows
}

function stacked(scene: PlayedScene, width: number, paint: Paint): readonly string[] {
  const part = (label: string, lines: readonly Line[]): readonly string[] => [
    rule(label, width, paint),
    ...columnCells(lines, width, paint).map((cell) => cell.text),
  ]
  return [...part('Two books', scene.twoBooks), ...part('One book', scene.oneBook)]
}

export const widthOf = ({ columns }: TerminalStyle): number =>
  Math.min(columnsMax, Math.max(columnsMin, columns))

/** Captions are for reading, so they stay narrower than a wide screen. */
export function paragraph(
  text: string,
  style: TerminalStyle,
  colour: Colour | null = null,
): string {
  const paint = painter(style.isColoured)
  return wrapText(text, Math.min(widthOf(style), 100))
    .map((part) => (colour === null ? part : paint(colour, part)))
    .join('\n')
}

export function heading(text: string, style: TerminalStyle): string {
  return painter(style.isColoured)('bold', text)
}

export function drawScene(scene: PlayedScene, number: number, style: TerminalStyle): string {
  const paint = painter(style.isColoured)
  const width = widthOf(style)
  const rows =
    width < sideBySideMin ? stacked(scene, width, paint) : sideBySide(scene, width, paint)
  const missed = scene.checks.filter((check) => !check.isMet)
  const misses = missed.map((check) =>
    paint('red', `✗ ${check.what}: expected ${check.expected}, saw ${check.seen}`),
  )
  return [
    paint('bold', `${number}. ${scene.title}`),
    paragraph(scene.caption, style),
    ...rows,
    ...misses,
    '',
  ].join('\n')
}

/** Rows with aligned columns; the last column wraps under itself. */
export function drawTable(rows: readonly (readonly string[])[], style: TerminalStyle): string {
  const paint = painter(style.isColoured)
  const width = widthOf(style)
  const lead = Math.max(0, ...rows.map((row) => row.length)) - 1
  const widths = Array.from({ length: lead }, (_, column) =>
    Math.max(0, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const indent = widths.reduce((sum, columnWidth) => sum + columnWidth + 2, 0)
  const lines: string[] = []
  for (const row of rows) {
    const head = widths
      .map((columnWidth, column) => (row[column] ?? '').padEnd(columnWidth))
      .join('  ')
    const tail = wrapText(row[lead] ?? '', Math.max(20, width - indent))
    lines.push(`${paint('cyan', head)}  ${tail[0] ?? ''}`)
    for (const part of tail.slice(1)) lines.push(`${' '.repeat(indent)}${part}`)
  }
  return lines.join('\n')
}
