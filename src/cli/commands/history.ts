import type { Command } from 'commander'
import type { HistoryAnswer, MembersAnswer } from '../../admin/contract/answers.ts'
import { estimateWords } from '../../admin/wording/wording.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { shellWord } from '../../config/shell-word.ts'
import { commandText } from '../command-text.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'
import type { Desk } from '../desk.ts'
import { readRows, readWholeNumber } from '../flag-values.ts'
import { dayOf, localMoment, timeToTheSecond } from '../moments.ts'
import { paint, safeText, table, wrap, type Column } from '../terminal.ts'
import { chooseCustomer, chooseMember, withMember, type Who } from '../who.ts'

type Options = Who & {
  readonly rows?: number
  readonly before?: number
  readonly all?: boolean
  readonly csv?: boolean
}
type Line = HistoryAnswer['lines'][number]
type HistoryRequest = NonNullable<Line['request']>

/** `plimsoll history`: every request and payment with its running balance, and the sum checked. */
export function addHistoryCommand(program: Command, cli: CommandLine): void {
  withMember(program.command('history'))
    .description('every request, payment and setting with the running balance; it adds up')
    .option('--all', "the whole customer's, not one member's")
    .option('--rows <number>', 'how many lines, at most 500 (default: 30)', readRows)
    .option(
      '--before <position>',
      'older lines: those before this journal position',
      readWholeNumber,
    )
    .option('--csv', 'all of it, oldest first, as a file for spreadsheets')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- history --rows 100\n  npm run --silent plimsoll -- history --all --csv > history.csv',
    )
    .action((options: Options, command: Command) =>
      cli.run(command, async (context) => {
        if (options.csv === true) refuseBeside(options, context)
        const desk = await context.desk('reading')
        const choose = options.all === true ? chooseCustomer : chooseMember
        const { path } = await choose(desk, options, context)
        if (options.csv === true) return writeFile(desk, path, context)
        const before = options.before === undefined ? '' : `&beforePosition=${options.before}`
        const history = await desk.get<HistoryAnswer>(
          `${path}/history?rowsMax=${options.rows ?? rowsDefault}${before}`,
        )
        const names = options.all === true ? await memberNames(desk, path) : new Map()
        context.show(history, () => historyText(history, { ...context, names, options }))
        if (!history.addsUp) context.reportDifference()
      }),
    )
}

const rowsDefault = 30

/** A file is whole, and has one form. */
function refuseBeside(options: Options, { isJson }: CommandContext): void {
  const others = [
    ...(options.rows === undefined ? [] : ['--rows']),
    ...(options.before === undefined ? [] : ['--before']),
    ...(isJson ? ['--json'] : []),
  ]
  const [other] = others
  if (other === undefined) return
  throw wrongUse(
    `--csv writes the whole history, and ${other} does not go with it.`,
    'Leave one of them out.',
  )
}

/** Only a file with its closing balance is whole. */
async function writeFile(desk: Desk, path: string, context: CommandContext): Promise<void> {
  let last = ''
  let isWrong = false
  const write = (line: string): void => {
    last = line.trimEnd()
    if (kindOf(last) === 'does_not_add_up') isWrong = true
    // Names and models are other people's words, and a terminal may be what reads them.
    context.terminal.write(`${safeText(last)}\n`)
  }
  await desk.getLines(`${path}/history/file?format=csv`, write).catch((cause: unknown) => {
    if (cause instanceof CliFailure) throw cause
    throw Object.assign(brokenOff(), { cause })
  })
  if (kindOf(last) !== 'closing_balance') throw brokenOff()
  if (isWrong) context.reportDifference()
}

/** The third cell; the two before it are a number and a moment. */
const kindOf = (row: string): string => row.split(',', 3)[2] ?? ''

const brokenOff = (): CliFailure =>
  new CliFailure(exitCodes.failed, {
    code: 'file_incomplete',
    message: 'The history broke off before its closing balance; what was written is not whole.',
    remedy: 'Run it again. If it breaks off again, see the log of the server.',
  })

type Telling = CommandContext & {
  readonly options: Options
  /** How members are called where lines of several stand together; empty where they do not. */
  readonly names: ReadonlyMap<string, string>
}

async function memberNames(desk: Desk, customerPath: string): Promise<ReadonlyMap<string, string>> {
  const { members } = await desk.get<MembersAnswer>(`${customerPath}/members?rowsMax=200`)
  const names = new Map(members.map(({ memberId, name }) => [memberId as string, name ?? memberId]))
  return names.size > 1 ? names : new Map()
}

/** What a line is about, with whose it is and until when it counts, where that is not plain. */
function titleText(line: Line, { names, reader }: Telling): string {
  const whose =
    line.memberId === null || names.size === 0
      ? ''
      : `${names.get(line.memberId) ?? line.memberId}: `
  const until =
    line.expiresAtMs === null ? '' : `, until ${localMoment(line.expiresAtMs, reader())}`
  return safeText(`${whose}${line.title}${until}`)
}

const columns: readonly Column[] = [
  { title: 'Time' },
  { title: 'What', isFlexible: true },
  { title: 'Cost', isRight: true, isMoney: true },
  { title: 'Paid by' },
  { title: 'Change', isRight: true, isMoney: true },
  { title: 'Balance', isRight: true, isMoney: true },
]

function historyText(history: HistoryAnswer, context: Telling): string {
  const { terminal, money } = context
  if (history.lines.length === 0) {
    return `Nothing has happened yet. Balance ${money(history.closingNanos)}.`
  }
  const rows: (readonly string[] | string)[] = [
    ['', 'Opening balance', '', '', '', money(history.openingNanos)],
  ]
  let day = ''
  for (const line of history.lines) {
    const lineDay = dayOf(line.atMs, context.reader())
    if (lineDay !== day) rows.push(paint(terminal, 'bold', lineDay))
    day = lineDay
    rows.push(...lineRows(line, context))
  }
  rows.push(['', 'Closing balance', '', '', '', money(history.closingNanos)])
  return [table(terminal, columns, rows), '', ...checkLines(history, context)].join('\n')
}

function lineRows(line: Line, context: Telling): readonly (readonly string[] | string)[] {
  const { terminal, money } = context
  const { request } = line
  const isUnchanged = line.changeNanos === '0'
  if (line.kind !== 'request' && isUnchanged) {
    const time = timeToTheSecond(line.atMs, context.reader())
    const id = request === null ? [] : [paint(terminal, 'dim', `          ${request.holdId}`)]
    return [`${time}  ${titleText(line, context)}`, ...id]
  }
  const sign = line.changeNanos.startsWith('-') ? '' : '+'
  const cells = [
    timeToTheSecond(line.atMs, context.reader()),
    titleText(line, context),
    request === null ? '' : money(request.costNanos),
    request === null ? '' : sources[request.source],
    isUnchanged ? '' : `${sign}${money(line.changeNanos)}`,
    money(line.balanceNanos),
  ]
  if (request === null) return [cells]
  return [cells, paint(terminal, 'dim', `          ${tokensText(request, money)}`)]
}

const sources = { plan: 'plan', extra_usage: 'extra usage', free: 'free' } as const

function tokensText(request: HistoryRequest, money: CommandContext['money']): string {
  const { usage } = request
  const kinds: readonly (readonly [number | undefined, string])[] = [
    [usage.input ?? 0, 'in'],
    [usage.output ?? 0, 'out'],
    [usage.cache_read, 'cache read'],
    [usage.cache_write_5m, 'cache write 5 min'],
    [usage.cache_write_1h, 'cache write 1 h'],
    [usage.web_search, 'web searches'],
    [usage.web_fetch, 'web fetches'],
    [usage.code_execution, 'code runs'],
  ]
  const parts = kinds.flatMap(([count, kind]) =>
    count === undefined ? [] : [`${count.toLocaleString('en')} ${kind}`],
  )
  if (request.isEstimate) parts.push('estimated')
  if (request.isLate) parts.push('settled late')
  if (request.overrunNanos !== '0')
    parts.push(`${money(request.overrunNanos)} absorbed by the operator`)
  return `${parts.join(', ')}  ${request.holdId}`
}

function checkLines(
  history: HistoryAnswer,
  { terminal, money, settings, options }: Telling,
): readonly string[] {
  const sum = `${money(history.openingNanos)} and every change give ${money(history.closingNanos)}`
  const check = history.addsUp
    ? paint(terminal, 'green', `Check: ${sum}. It adds up.`)
    : paint(
        terminal,
        'red',
        `Check: ${sum}? It does not add up; run ${commandText(settings, 'verify')}.`,
      )
  const lines = [check]
  if (history.lines.some((line) => line.request?.isEstimate === true))
    lines.push(wrap(`estimated: ${estimateWords}`, terminal.columns))
  if (history.beforePosition === null) return lines
  const whose = [
    ...(options.all === true ? ['--all'] : []),
    ...(options.customer === undefined ? [] : ['--customer', shellWord(options.customer)]),
    ...(options.member === undefined ? [] : ['--member', shellWord(options.member)]),
  ]
  const words = ['history', ...whose, '--before', history.beforePosition].join(' ')
  return [...lines, `Older lines: ${commandText(settings, words)}`]
}
