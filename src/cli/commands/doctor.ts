import { resolve } from 'node:path'
import type { Command } from 'commander'
import { keepCase } from '../../doctor/case-file.ts'
import { moneyNames, type Figure } from '../../doctor/evidence.ts'
import {
  examine,
  findRefusal,
  type Examination,
  type Finding,
  type Where,
} from '../../doctor/examine.ts'
import { usagePageOf, usagePageUrl } from '../../doctor/links.ts'
import { figuresInText, pasteMax } from '../../doctor/pasted-figures.ts'
import { figuresTold, type Told } from '../../doctor/told-figures.ts'
import { stateFolder } from '../../doctor/state-folder.ts'
import { NotRegularError } from '../../doctor/transcript/open-regular-file.ts'
import { readStatusLine } from '../../doctor/transcript/session-reading.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import { showAfter } from '../doctor/after.ts'
import { askForFigures } from '../doctor/ask-for-figures.ts'
import { doctorExitCodes } from '../doctor/doctor-exit-codes.ts'
import { doctorJson } from '../doctor/doctor-json.ts'
import { caseText, promptText, sentencesText, type Page } from '../doctor/doctor-text.ts'
import { openPage } from '../doctor/open-page.ts'
import { rescueFiles, rescueLines, type Rescue } from '../doctor/rescue.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'

export type DoctorOptions = {
  readonly transcript?: string
  readonly sessionId?: string
  readonly session?: string
  readonly week?: string
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

/** `plimsoll doctor`: for whoever was just refused. Reads local files, sends nothing. */
export function addDoctorCommand(program: Command, cli: CommandLine): void {
  program
    .command('doctor')
    .description(
      'just refused? whether the figures support it, and what to do; reads local files, sends nothing',
    )
    .option(
      '--transcript <file>',
      'a transcript of the client, or - for a stream or records that are piped in',
    )
    .option(
      '--session-id <id>',
      'the session, by the beginning of its id; else the one that was refused last',
    )
    .option(
      '--session <percent>',
      'what the usage page says: of the session, in percent (or the id of a session)',
    )
    .option('--week <percent>', 'of the week')
    .option('--opus <percent>', 'of the week, for Opus')
    .option('--sonnet <percent>', 'of the week, for Sonnet')
    .option('--balance <amount>', 'money that is there')
    .option('--cap <amount>', 'the most that may be spent in a month, or unlimited')
    .option('--spent <amount>', 'spent this month')
    .option('--extra <on|off>', 'whether extra usage is switched on')
    .option('--paste', 'read the text of the usage page, or of /usage, from standard input')
    .option('--statusline <file>', 'what the client handed to a status line, kept in a file')
    .option('--after', 'compare the figures with those of the last look')
    .option('--open', 'open the usage page in the browser')
    .option('--no-checkpoint', 'keep no copy of the files')
    .option('--no-ask', 'ask no questions')
    .addHelpText('after', help)
    .action((options: DoctorOptions, command: Command) =>
      cli.run(command, (context) => runDoctor(options, context)),
    )
}

const help = `
Examples:
  npm run plimsoll -- doctor
  npm run plimsoll -- doctor --session 0 --week 12 --balance 100 --cap 50 --spent 0
  claude -p "hi" --output-format stream-json --verbose | npm run plimsoll -- doctor --transcript -`

/** Longer lines are hard to read, however wide the screen is. */
const readableColumns = 88
const streamBytesMax = 64 * 1024 * 1024

async function runDoctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const nowMs = context.clock.wallMs()
  const told = await toldFigures(options, context, nowMs)
  if (options.after === true) {
    const asked = told.length === 0 && isAskable(options, context)
    const now = asked ? await askForFigures(moneyNames, context, usagePageUrl) : told
    showAfter(now, ownFolder(context), context)
    return
  }
  const finding = await find(options, context, nowMs)
  const columns = Math.min(context.terminal.columns, readableColumns)
  const page: Page = { terminal: { ...context.terminal, columns }, reader: context.reader(nowMs) }
  let found = examineWith(finding, told, context)
  const rescue = await rescueFirst(options, { finding, found, page }, context)
  if (options.open === true) await openPage(pageOf(found, context), context)
  if (isWorthAsking(found) && isAskable(options, context)) {
    const asked = await askForFigures(found.verdict.missing, context, pageOf(found, context))
    if (asked.length > 0) found = examineWith(finding, [...told, ...asked], context)
  }
  keep(found, context)
  context.show(doctorJson(finding, found, { checkpoint: rescue ?? null }), () =>
    caseText(finding, found, page),
  )
  context.endWith(found.answeredAtMs === undefined ? doctorExitCodes[found.verdict.ruling] : 0)
}

/** Before anything is asked or advised: the prompt and the files, so that nothing that follows can cost them. */
async function rescueFirst(
  options: DoctorOptions,
  {
    finding,
    found,
    page,
  }: { readonly finding: Finding; readonly found: Examination; readonly page: Page },
  context: CommandContext,
): Promise<Rescue | undefined> {
  const write = (text: string): void => {
    if (!context.isJson) context.terminal.write(text)
  }
  const isOver = found.refusal === undefined || found.answeredAtMs !== undefined
  if (!isOver) write(promptText(finding, page))
  if (isOver || !options.checkpoint) return undefined
  const rescue = await rescueFiles(finding, context, options.transcript === undefined)
  write(`${sentencesText(rescueLines(rescue, context), page)}\n`)
  return rescue
}

function examineWith(
  finding: Finding,
  figures: readonly Figure[],
  context: CommandContext,
): Examination {
  return examine(finding, {
    figures,
    nowMs: context.clock.wallMs(),
    baseUrl: context.machine.environment['ANTHROPIC_BASE_URL'],
    program: commandText(context.settings, '').trimEnd(),
  })
}

const isAskable = ({ ask }: DoctorOptions, { desktop, isJson }: CommandContext): boolean =>
  ask && desktop.isAttended && !isJson

const isWorthAsking = ({ verdict, answeredAtMs }: Examination): boolean =>
  answeredAtMs === undefined && verdict.ruling === 'possibly_false'

const pageOf = ({ refusal }: Examination, { machine }: CommandContext): string =>
  usagePageOf(refusal?.text ?? '', machine.environment['ANTHROPIC_BASE_URL'])

/** `--session` is a percentage like the others, and the id of a session where it looks like one. */
const isPercent = (text: string): boolean => /^\s*\d{1,3}([.,]\d+)?\s*%?\s*$/.test(text)

async function find(
  options: DoctorOptions,
  context: CommandContext,
  nowMs: number,
): Promise<Finding> {
  const { session, transcript } = options
  const named = session !== undefined && !isPercent(session) ? session : undefined
  const sessionId = options.sessionId ?? named
  const where = await whereToLook({ transcript, sessionId, isHere: options.here === true }, context)
  const finding = readable(() => findRefusal(where, nowMs))
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
    readonly sessionId: string | undefined
    readonly isHere: boolean
  },
  { desktop, machine, folder }: CommandContext,
): Promise<Where> {
  const { transcript, sessionId, isHere } = asked
  if (transcript === '-') return { kind: 'text', text: await desktop.readInput(streamBytesMax) }
  if (transcript !== undefined) return { kind: 'file', path: resolve(folder, transcript) }
  const workFolder = isHere ? folder : undefined
  return { kind: 'machine', machine, sessionId, workFolder }
}

/** A file that a person named and that cannot be read is told with its reason. */
function readable<Answer>(read: () => Answer): Answer {
  try {
    return read()
  } catch (error) {
    const isFileError = error instanceof Error && 'code' in error
    if (!isFileError && !(error instanceof NotRegularError)) throw error
    throw new CliFailure(exitCodes.wrongUse, {
      code: 'transcript_unreadable',
      message: error.message,
      remedy: 'Name a transcript: a .jsonl file in the folder projects of the client.',
    })
  }
}

async function toldFigures(
  options: DoctorOptions,
  context: CommandContext,
  nowMs: number,
): Promise<readonly Figure[]> {
  const { session, week, opus, sonnet, balance, cap, spent, extra } = options
  const given = {
    session: session !== undefined && isPercent(session) ? session : undefined,
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
  const pasted =
    options.paste === true ? figuresInText(await context.desktop.readInput(pasteMax), nowMs) : []
  const file = options.statusline
  const shown =
    file === undefined ? [] : readable(() => readStatusLine(resolve(context.folder, file), nowMs))
  return [...shown, ...pasted, ...figures]
}

const ownFolder = ({ machine }: CommandContext): string => stateFolder(machine)

/** Kept for `--after`. That it cannot be kept is no reason to say nothing else. */
function keep(found: Examination, context: CommandContext): void {
  if (found.figures.length === 0) return
  try {
    keepCase(ownFolder(context), {
      atMs: found.atMs,
      verdict: found.verdict.ruling,
      message: found.refusal?.text,
      figures: found.figures,
    })
  } catch {
    return
  }
}
