import { join } from 'node:path'
import { shellWord } from '../../config/shell-word.ts'
import type { Figure, Refusal, Source } from '../../doctor/verdict/evidence.ts'
import { isWindowFigure } from '../../doctor/verdict/evidence.ts'
import { hasGoneOn, type Examination, type Finding } from '../../doctor/examine.ts'
import type { Step } from '../../doctor/steps.ts'
import type { EvidenceLine } from '../../doctor/verdict/verdict.ts'
import { figureText } from '../../doctor/verdict/weigh-figures.ts'
import { confidenceText, headline } from '../../doctor/verdict/words.ts'
import { distance, momentWithDistance, type Reader } from '../moments.ts'
import { cellWidth, paint, safeText, wrap, type Terminal } from '../terminal.ts'

/** The doctor's page in a terminal. Whatever came from a file is made safe before it is written. */
export type Page = {
  readonly terminal: Terminal
  readonly reader: Reader
}

const promptLinesMax = 12

export function promptText({ session }: Finding, page: Page): string {
  const prompt = session?.lastPrompt
  if (prompt === undefined) return ''
  const lines = [title('Your work', page), 'Your last prompt, from the transcript:']
  lines.push(...quoted(prompt, page))
  const queued = session?.queuedPrompts ?? []
  if (queued.length > 0) lines.push('Typed and never sent:')
  for (const text of queued) lines.push(...quoted(text, page))
  return `${lines.join('\n')}\n`
}

/** Indented lines are commands to copy, and stay whole. */
export const sentencesText = (lines: readonly string[], page: Page): string =>
  lines.map((line) => `${line.startsWith('  ') ? safeText(line) : fit(line, page)}\n`).join('')

/** A text as it is, indented; a long one is cut and says so. */
function quoted(text: string, { terminal }: Page): readonly string[] {
  const lines = text.split(/\r?\n/)
  const shown = lines.slice(0, promptLinesMax).flatMap((line) => {
    const safe = safeText(line.slice(0, 2_000).replaceAll('\t', ' '))
    return wrapHard(safe, terminal.columns, '  ')
  })
  const rest = lines.length - promptLinesMax
  return rest > 0 ? [...shown, `  … and ${rest} more lines (all of it: --json)`] : shown
}

/** Breaks at spaces, and within a word that is wider than the terminal. */
function wrapHard(text: string, columns: number, indent: string): readonly string[] {
  return wrap(text, columns, indent)
    .split('\n')
    .flatMap((line) => {
      if (cellWidth(line) <= columns) return [line]
      const parts: string[] = ['']
      for (const { segment } of new Intl.Segmenter('en').segment(line.slice(indent.length))) {
        const last = parts.at(-1) ?? ''
        if (cellWidth(indent + last + segment) > columns) parts.push(segment)
        else parts[parts.length - 1] = last + segment
      }
      return parts.map((part) => indent + part)
    })
}

const fit = (text: string, { terminal }: Page, indent = ''): string =>
  wrapHard(safeText(text), terminal.columns, indent).join('\n')

const title = (text: string, { terminal }: Page): string => paint(terminal, 'bold', text)

export function caseText(finding: Finding, found: Examination, page: Page): string {
  const { refusal } = found
  const parts = refusal === undefined ? nothingFound(finding, page) : refusalLines(refusal, page)
  const blocks = [
    parts,
    figureLines(found.figures, page),
    verdictLines(found, hasGoneOn(finding), page),
    stepLines(found.steps, page),
  ]
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')
}

const transcripts = (count: number): string => `${count} transcript${count === 1 ? '' : 's'}`

const checkout = join(import.meta.dirname, '..', '..', '..')
/** npm tells a program from where it was called, also with another folder as its prefix. */
const hereCommand = `npm --prefix ${shellWord(checkout)} run plimsoll -- doctor --here`

function nothingFound({ looked, path }: Finding, page: Page): readonly string[] {
  const where =
    looked.folders.length === 0 ? (path ?? 'what was piped in') : looked.folders.join(', ')
  const { ofFolder } = looked
  const whose = ofFolder === undefined ? '' : ` of sessions in ${ofFolder.folder}`
  const lines = [
    fit(`Looked at ${transcripts(looked.files)}${whose}, in ${where}.`, page),
    ...leftAloneLines(looked, page),
  ]
  if (ofFolder !== undefined && ofFolder.others > 0) {
    const others = `${transcripts(ofFolder.others)} of other folders ${ofFolder.others === 1 ? 'lies' : 'lie'} there: leave out --here to look at all, or call it from the folder that you mean:`
    lines.push(fit(others, page), `  ${hereCommand}`)
  } else if (looked.files === 0) {
    const hint =
      'No transcripts are there. Where the client keeps them elsewhere, set CLAUDE_CONFIG_DIR, or name one: --transcript <file>. What the client said can also be told: --message <text>.'
    lines.push(fit(hint, page))
  }
  return lines
}

export function leftAloneLines(
  { unreadable, refused }: Finding['looked'],
  page: Page,
): readonly string[] {
  const named = (paths: readonly string[]): string =>
    paths.length > 3
      ? `${paths.slice(0, 3).join(', ')} and ${paths.length - 3} more`
      : paths.join(', ')
  const lines: string[] = []
  if (unreadable.length > 0) lines.push(fit(`Not readable by you: ${named(unreadable)}.`, page))
  if (refused.length > 0) {
    lines.push(fit(`Left alone, being links or no regular files: ${named(refused)}.`, page))
  }
  return lines
}

function refusalLines(refusal: Refusal, page: Page): readonly string[] {
  const when =
    refusal.atMs === undefined
      ? 'at an unknown time'
      : momentWithDistance(refusal.atMs, page.reader)
  const client = refusal.clientVersion === undefined ? '' : `, Claude Code ${refusal.clientVersion}`
  const how = refusal.entrypoint === undefined ? '' : ` (${refusal.entrypoint})`
  const whose = refusal.isSidechain ? ', in a helper agent' : ''
  const isOld = refusal.atMs !== undefined && page.reader.nowMs - refusal.atMs > oldMs
  const status = refusal.status === undefined ? '' : `, HTTP ${refusal.status}`
  return [
    title('The refusal', page),
    fit(`${when}${client}${how}${whose}${status}`, page),
    ...quoted(refusal.text, page),
    ...(isOld ? [fit(oldHint, page)] : []),
  ]
}

const oldMs = 12 * 60 * 60 * 1000
const oldHint =
  'That is a while ago. Were you refused just now? Its record may lag by seconds, or lie elsewhere: --transcript <file>, or tell what the client said: --message <text>.'

function figureLines(figures: readonly Figure[], page: Page): readonly string[] {
  if (figures.length === 0) return []
  const lines = figures.map((figure) => {
    const resets =
      isWindowFigure(figure) && figure.resetsAtMs !== undefined
        ? `, resets ${momentWithDistance(figure.resetsAtMs, page.reader)}`
        : ''
    return fit(
      `${figureText(figure)}${resets}; ${originText(figure.source, figure.atMs, page)}`,
      page,
      '  ',
    )
  })
  return [title('Figures', page), ...lines]
}

export function originText(source: Source, atMs: number, { reader }: Page): string {
  const age = distance(atMs, reader.nowMs)
  const kind = { official: 'official', person: 'read by you', estimate: 'estimate' }[source.kind]
  return `${kind} (${source.what}), ${age}`
}

function verdictLines(
  { verdict, answeredAtMs, figures }: Examination,
  isGoneOn: boolean,
  page: Page,
): readonly string[] {
  const { terminal, reader } = page
  const said = headline(verdict, (atMs) => momentWithDistance(atMs, reader))
  const isCalm = verdict.ruling === 'no_refusal' || answeredAtMs !== undefined
  const tone = isCalm ? 'green' : verdict.ruling === 'false_refusal' ? 'red' : 'yellow'
  const how = verdict.ruling === 'no_refusal' ? '' : ` (${confidenceText[verdict.confidence]})`
  const lines = [
    title('Verdict', page),
    paint(terminal, tone, wrap(safeText(said + how), terminal.columns)),
  ]
  for (const line of verdict.evidence.slice(1)) {
    // Figures stand above with their sources.
    const isAbove = figures.some(({ source, atMs }) => source === line.source && atMs === line.atMs)
    lines.push(evidenceText(isAbove ? { ...line, source: undefined } : line, page))
  }
  if (answeredAtMs !== undefined) {
    const when = momentWithDistance(answeredAtMs, reader)
    const over = isGoneOn
      ? `An answer came since, ${when}: it seems to be over. Nothing to do.`
      : `Another session was answered since, ${when}: it seems to be over. Send the prompt again; if it is refused again, ask the doctor again.`
    lines.push(fit(over, page))
  }
  return lines
}

const sides = { for: '+', against: '-', note: '·' } as const

function evidenceText({ side, text, source, atMs }: EvidenceLine, page: Page): string {
  const origin =
    source === undefined || atMs === undefined ? '' : ` [${originText(source, atMs, page)}]`
  const lines = wrapHard(safeText(`${text}${origin}`), page.terminal.columns, '    ')
  const [first = '', ...rest] = lines
  return [`  ${sides[side]} ${first.trimStart()}`, ...rest].join('\n')
}

function stepLines(steps: readonly Step[], page: Page): readonly string[] {
  if (steps.length === 0) return []
  const lines = [title('What to do, in this order', page)]
  for (const [index, step] of steps.entries()) {
    const [first = '', ...rest] = fit(step.action, page, '    ').split('\n')
    lines.push(`${String(index + 1).padStart(2)}. ${first.trimStart()}`, ...rest)
    // Never broken, so that they can be copied.
    if (step.url !== undefined) lines.push(`      ${safeText(step.url)}`)
    if (step.command !== undefined) lines.push(`      ${safeText(step.command)}`)
    if (step.warning !== undefined) {
      lines.push(paint(page.terminal, 'yellow', fit(`Mind: ${step.warning}`, page, '    ')))
    }
    lines.push(paint(page.terminal, 'dim', fit(`It worked when: ${step.sign}`, page, '    ')))
  }
  return lines
}
