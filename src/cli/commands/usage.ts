import type { Command } from 'commander'
import type { LimitAnswer, UsageAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { localMoment, momentWithDistance, type Reader } from '../moments.ts'
import { bar, facts, paint, safeText, wrap } from '../terminal.ts'
import { chooseMember, withMember, type Who } from '../who.ts'

/** `plimsoll usage`: what is left, what pays next, and when everything resets. */
export function addUsageCommand(program: Command, cli: CommandLine): void {
  withMember(program.command('usage'))
    .description('what is left: limits, extra usage, and what pays for the next request')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- usage --member ada')
    .action((who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { path } = await chooseMember(desk, who, context)
        const usage = await desk.get<UsageAnswer>(`${path}/usage`)
        context.show(usage, () => usageText(usage, context))
      }),
    )
}

function usageText(usage: UsageAnswer, context: CommandContext): string {
  const { terminal } = context
  const reader = context.reader(usage.figures.atMs)
  const { member, customer, figures } = usage
  const title = `${safeText(member.name ?? member.id)}, ${safeText(figures.planName)} plan (customer ${safeText(customer.name ?? customer.id)})`
  const blocked =
    usage.blocked === null
      ? []
      : [paint(terminal, 'red', wrap(usage.blocked.sentence, terminal.columns))]
  return [
    paint(terminal, 'bold', title),
    '',
    ...blocked,
    ...nextLines(usage, context, reader),
    '',
    ...figures.limits.flatMap((limit) => limitLines(limit, context, reader)),
    facts(extraUsageFacts(usage, context, reader)),
    '',
    paint(
      terminal,
      'dim',
      `${figures.runningCount} of at most ${figures.runningMax} requests running. Read from journal entry ${figures.position}.`,
    ),
  ].join('\n')
}

function nextLines(
  usage: UsageAnswer,
  { terminal }: CommandContext,
  reader: Reader,
): readonly string[] {
  return usage.nextPayers.map((next) => {
    const again =
      next.planPaysAgainMs === null
        ? ''
        : ` The plan pays again from ${momentWithDistance(next.planPaysAgainMs, reader)}.`
    const text = wrap(next.sentence + again, terminal.columns)
    return paint(terminal, tones[next.payer], text)
  })
}

const tones = { plan: 'green', extra_usage: 'yellow', nobody: 'red' } as const
const titleCells = 22

function limitLines(
  limit: LimitAnswer,
  context: CommandContext,
  reader: Reader,
): readonly string[] {
  const { terminal } = context
  const [used, held] = [BigInt(limit.used), BigInt(limit.held)]
  const amount = limit.amount === null ? null : BigInt(limit.amount)
  const quantity = (value: string): string =>
    limit.unit === 'money' ? context.money(value) : BigInt(value).toLocaleString('en')
  const unit = limit.unit === 'money' ? '' : ` ${limit.unit}`
  const heldText = held === 0n ? '' : `, ${quantity(limit.held)} held`
  const reset =
    limit.resetMs === null
      ? 'starts with your next message'
      : `resets ${momentWithDistance(limit.resetMs, reader)}`
  // A bar of no limit would be empty for ever: it shows nothing, and the words say why.
  const drawn = bar(amount === null ? { used: 0n, held: 0n, amount: 1n } : { used, held, amount })
  // Something used is never shown as nothing.
  const percent = used > 0n && limit.usedPercent === 0 ? '< 1' : String(limit.usedPercent)
  const isFull = amount !== null && used + held >= amount
  const title = safeText(limit.title)
  const indent = ' '.repeat(titleCells)
  const head = title.length > titleCells - 2 ? [title, indent] : [title.padEnd(titleCells)]
  const [first = '', second] = head
  const share = amount === null ? 'no limit' : `${percent.padStart(4)} % used`
  const line = `${paint(terminal, isFull ? 'red' : 'cyan', drawn)} ${share}`
  const of =
    limit.amount === null
      ? `${quantity(limit.used)}${unit} used`
      : `${quantity(limit.used)} of ${quantity(limit.amount)}${unit}`
  return [
    ...(second === undefined ? [`${first}${line}`] : [first, `${second}${line}`]),
    wrap(`${of}${heldText}, ${reset}`, terminal.columns, indent),
    ...exceptionLines(limit, { quantity, reader }).map((text) =>
      wrap(text, terminal.columns, indent),
    ),
    '',
  ]
}

function exceptionLines(
  { exception, unit }: LimitAnswer,
  { quantity, reader }: { readonly quantity: (value: string) => string; readonly reader: Reader },
): readonly string[] {
  if (exception === null) return []
  const until =
    exception.untilMs === null ? '' : ` until ${momentWithDistance(exception.untilMs, reader)}`
  const plan = `${quantity(exception.planAmount)}${unit === 'money' ? '' : ` ${unit}`}`
  return [`An exception for this member${until}; the plan says ${plan}.`]
}

function extraUsageFacts(
  { figures }: UsageAnswer,
  { money }: CommandContext,
  reader: Reader,
): readonly (readonly [string, string])[] {
  const extra = figures.extraUsage
  const cap = (capNanos: string | null): string =>
    capNanos === null ? ', no cap' : ` of a cap of ${money(capNanos)}`
  const ends = `the month ends ${localMoment(extra.capResetMs, reader)}`
  const held = extra.heldNanos === '0' ? '' : `, ${money(extra.heldNanos)} of it held`
  const rows: (readonly [string, string])[] = [
    [
      'Extra usage',
      `${onOff(extra.isOnForCustomer)} for the account, ${onOff(extra.isOnForMember)} for the member`,
    ],
    ['Balance', `${money(extra.balanceNanos)}${held}`],
    ['Spent this month', `${money(extra.spentNanos)}${cap(extra.capNanos)}; ${ends}`],
  ]
  if (extra.memberCapNanos !== null) {
    rows.push([
      'Spent by the member',
      `${money(extra.memberSpentNanos)}${cap(extra.memberCapNanos)}`,
    ])
  }
  const { setting, state } = extra.autoReload
  if (setting.kind === 'on') {
    const terms = `${money(setting.amountNanos)} when less than ${money(setting.thresholdNanos)} is available`
    rows.push(['Auto-reload', state === 'stopped' ? `stopped: ${terms}` : terms])
  }
  return rows.map(([label, value]) => [label.padEnd(titleCells - 2), value])
}

const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off')
