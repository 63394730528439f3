import { InvalidArgumentError, type Command } from 'commander'
import type { HistoryAnswer } from '../../admin/contract.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { dayOf, timeToTheSecond } from '../moments.ts'
import { paint, safeText, table, type Column } from '../terminal.ts'
import { chooseCustomer, chooseMember, withMember, type Who } from '../who.ts'

type Options = Who & { readonly rows: number; readonly before?: number; readonly all?: boolean }
type Line = HistoryAnswer['lines'][number]
type HistoryRequest = NonNullable<Line['request']>

/** `plimsoll history`: every request and payment with its running balance, and the sum checked. */
export function addHistoryCommand(program: Command, cli: CommandLine): void {
  withMember(program.command('history'))
    .description('every request, payment and setting with the running balance; it adds up')
    .option('--all', "the whole customer's, not one member's")
    .option('--rows <number>', 'how many lines, at most 500', wholeNumber, 30)
    .option('--before <position>', 'older lines: those before this journal position', wholeNumber)
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- history --rows 100')
    .action((options: Options, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const choose = options.all === true ? chooseCustomer : chooseMember
        const { path } = await choose(desk, options)
        const before = options.before === undefined ? '' : `&beforePosition=${options.before}`
        const history = await desk.get<HistoryAnswer>(
          `${path}/history?rowsMax=${options.rows}${before}`,
        )
        context.show(history, () => historyText(history, context))
        if (!history.addsUp) context.reportDifference()
      }),
    )
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It has to be a whole number.')
}

const columns: readonly Column[] = [
  { title: 'Time' },
  { title: 'What', isFlexible: true },
  { title: 'Cost', isRight: true },
  { title: 'Paid by' },
  { title: 'Change', isRight: true },
  { title: 'Balance', isRight: true },
]

function historyText(history: HistoryAnswer, context: CommandContext): string {
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

function lineRows(line: Line, context: CommandContext): readonly (readonly string[] | string)[] {
  const { terminal, money } = context
  const { request } = line
  const isUnchanged = line.changeNanos === '0'
  if (request === null && isUnchanged) {
    const time = timeToTheSecond(line.atMs, context.reader())
    return [`${time}  ${safeText(line.title)}`]
  }
  const sign = line.changeNanos.startsWith('-') ? '' : '+'
  const cells = [
    timeToTheSecond(line.atMs, context.reader()),
    safeText(line.title),
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
  { terminal, money }: CommandContext,
): readonly string[] {
  const sum = `${money(history.openingNanos)} and every change give ${money(history.closingNanos)}`
  const check = history.addsUp
    ? paint(terminal, 'green', `Check: ${sum}. It adds up.`)
    : paint(terminal, 'red', `Check: ${sum}? It does not add up; run npm run plimsoll -- verify.`)
  if (history.beforePosition === null) return [check]
  return [check, `Older lines: npm run plimsoll -- history --before ${history.beforePosition}`]
}
