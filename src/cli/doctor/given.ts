import { resolve } from 'node:path'
import type { Figure } from '../../doctor/verdict/evidence.ts'
import { findRefusal, type Finding, type Where } from '../../doctor/examine.ts'
import { keptStatusLines } from '../../doctor/figures/kept-status-lines.ts'
import { figuresInText, pasteMax } from '../../doctor/figures/pasted-figures.ts'
import { figuresTold, type Told } from '../../doctor/figures/told-figures.ts'
import { NotRegularError } from '../../doctor/transcript/open-regular-file.ts'
import { readStatusLine } from '../../doctor/transcript/session-reading.ts'
import type { CommandContext } from '../command-line.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'
import { unreadableFile } from '../named-file.ts'
import { wrap } from '../terminal.ts'
import type { ReportOptions } from './report.ts'

/** What a person gave the doctor: which session, and which figures. */
export type DoctorOptions = ReportOptions & {
  readonly watch?: boolean
  readonly key?: string
  readonly transcript?: string
  readonly sessionId?: string
  readonly session?: string
  readonly sessionResets?: string
  readonly week?: string
  /** What the client said, where no transcript holds it. */
  readonly message?: string
  readonly opus?: string
  readonly sonnet?: string
  readonly balance?: string
  readonly cap?: string
  readonly spent?: string
  readonly extra?: string
  readonly paste?: boolean
  readonly statusline?: string
  readonly open?: boolean
  readonly here?: boolean
  readonly after?: boolean
  readonly ask: boolean
  readonly checkpoint: boolean
}

const streamBytesMax = 64 * 1024 * 1024

/** `--session` is a percentage like the others, and the id of a session where it looks like one. */
const isPercent = (text: string): boolean => /^\s*\d{1,3}([.,]\d+)?\s*%?\s*$/.test(text)

const sessionNamed = ({ sessionId, session }: DoctorOptions): string | undefined =>
  sessionId ?? (session !== undefined && !isPercent(session) ? session : undefined)

/** A person said which refusal is meant; else it is the last one of this machine. */
export const isOfNamed = (options: DoctorOptions): boolean =>
  options.message !== undefined ||
  options.transcript !== undefined ||
  options.here === true ||
  sessionNamed(options) !== undefined

export function whereTold(message: string): Where {
  const record = { hook_event_name: 'StopFailure', last_assistant_message: message }
  return { kind: 'text', text: JSON.stringify(record) }
}

export async function findSession(
  options: DoctorOptions,
  context: CommandContext,
  nowMs: number,
): Promise<Finding> {
  const { transcript, message } = options
  const sessionId = sessionNamed(options)
  const where = await whereToLook(
    { transcript, message, sessionId, isHere: options.here === true },
    context,
  )
  const path = where.kind === 'file' ? where.path : ''
  const finding = readable({ path, remedy: transcriptNamed }, () => findRefusal(where, nowMs))
  if (sessionId !== undefined && finding.session === undefined) {
    throw wrongUse(
      'There is no such session here.',
      'Leave the option out to see the one that was refused last.',
    )
  }
  return finding
}

async function whereToLook(
  asked: {
    readonly transcript: string | undefined
    readonly message: string | undefined
    readonly sessionId: string | undefined
    readonly isHere: boolean
  },
  { desktop, machine, folder }: CommandContext,
): Promise<Where> {
  const { transcript, message, sessionId, isHere } = asked
  if (message !== undefined) return whereTold(message)
  if (transcript === '-') return { kind: 'text', text: await desktop.readInput(streamBytesMax) }
  if (transcript !== undefined) return { kind: 'file', path: resolve(folder, transcript) }
  const workFolder = isHere ? folder : undefined
  return { kind: 'machine', machine, sessionId, workFolder }
}

/** A file that a person named and that cannot be read is told with its reason. */
function readable<Answer>(
  { path, remedy }: { readonly path: string; readonly remedy: string },
  read: () => Answer,
): Answer {
  try {
    return read()
  } catch (error) {
    const isNotRegular = error instanceof NotRegularError
    if (!isNotRegular && !(error instanceof Error && 'code' in error)) throw error
    throw new CliFailure(exitCodes.wrongUse, {
      code: 'transcript_unreadable',
      message: isNotRegular || path === '' ? error.message : unreadableFile(path, error),
      remedy,
    })
  }
}

const transcriptNamed = 'Name a transcript: a .jsonl file in the folder projects of the client.'
const statusLineNamed = 'Name the file in which the input of a status line is kept.'

/** What the client handed to the status line of this machine; a transcript that was only named may be another's. */
export const figuresKept = (
  { session }: Finding,
  { clock, machine }: CommandContext,
): readonly Figure[] =>
  keptStatusLines(machine, { nowMs: clock.wallMs(), sessionId: session?.place.sessionId })

export async function toldFigures(
  options: DoctorOptions,
  context: CommandContext,
  nowMs: number,
): Promise<readonly Figure[]> {
  const { session, week, opus, sonnet, balance, cap, spent, extra } = options
  const given = {
    session: session !== undefined && isPercent(session) ? session : undefined,
    session_resets: options.sessionResets,
    week,
    week_opus: opus,
    week_sonnet: sonnet,
    balance,
    cap,
    spent,
    extra,
  }
  const named = Object.entries(given).filter(([, value]) => value !== undefined)
  const typed = Object.fromEntries(named) as Told
  const { figures, problems } = figuresTold(typed, { atMs: nowMs, what: 'options' })
  const [problem] = problems
  if (problem !== undefined) {
    const name = problem.name.replace('week_', '')
    throw wrongUse(`--${name} takes ${problem.takes}.`, 'Copy it from the usage page.')
  }
  const pasted = options.paste === true ? await pastedFigures(context, nowMs) : []
  const file = options.statusline
  const shown = file === undefined ? [] : shownFigures(resolve(context.folder, file), nowMs)
  return [...shown, ...pasted, ...figures]
}

const shownFigures = (path: string, nowMs: number): readonly Figure[] =>
  readable({ path, remedy: statusLineNamed }, () => readStatusLine(path, nowMs))

async function pastedFigures(
  { desktop, terminal }: CommandContext,
  nowMs: number,
): Promise<readonly Figure[]> {
  const figures = figuresInText(await desktop.readInput(pasteMax), nowMs)
  if (figures.length === 0) terminal.writeError(`${wrap(nothingPasted, terminal.columns)}\n`)
  return figures
}

const nothingPasted =
  'No figure could be read from the pasted text; it is read in English only. Tell them one by one: npm run plimsoll -- doctor --session 0 --week 12 --balance 100 --cap 50 --spent 0'
