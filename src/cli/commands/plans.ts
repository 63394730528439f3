import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { AppliedPlansAnswer, PlansAnswer } from '../../admin/contract/answers.ts'
import { limitTitle } from '../../admin/wording/wording.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'
import { readId } from '../flag-values.ts'
import { unreadableFile } from '../named-file.ts'
import { withRetryKey } from '../retry-key.ts'
import { facts, safeText, table, type Column } from '../terminal.ts'

type PlanShown = PlansAnswer['plans'][number]
type LimitShown = PlanShown['limits'][number]

/** `plimsoll plans …`: what members can be seated on. */
export function addPlansCommands(program: Command, cli: CommandLine): void {
  const plans = program.command('plans').description('plans: what members can be seated on')
  addList(plans, cli)
  addShow(plans, cli)
  addApply(plans, cli)
}

const columns: readonly Column[] = [
  { title: 'Plan' },
  { title: 'Name' },
  { title: 'Price', isRight: true, isMoney: true },
  { title: 'Limits', isFlexible: true },
]

function addList(parent: Command, cli: CommandLine): void {
  parent
    .command('list')
    .description('every plan')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- plans list')
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const answer = await desk.get<PlansAnswer>('/api/plans')
        context.show(answer, () => {
          const rows = answer.plans.map((plan) => [
            plan.id,
            safeText(plan.name),
            plan.priceNanos === null ? '' : context.money(plan.priceNanos),
            plan.limits.map((limit) => limitText(limit, context)).join(', '),
          ])
          return table(context.terminal, columns, rows)
        })
      }),
    )
}

function limitText(limit: LimitShown, context: CommandContext): string {
  return `${titleOf(limit).toLowerCase()} ${amountText(limit, context)}`
}

const titleOf = (limit: LimitShown): string =>
  safeText(
    limitTitle({
      windowKind: limit.shapes.at(-1)?.shape.kind ?? 'session',
      models: limit.models ?? null,
    }),
  )

const amountText = (
  { amount, unit }: Pick<LimitShown, 'amount' | 'unit'>,
  { money }: CommandContext,
): string => (unit === 'money' ? money(amount) : `${BigInt(amount).toLocaleString('en')} ${unit}`)

function addShow(parent: Command, cli: CommandLine): void {
  parent
    .command('show')
    .description('one plan')
    .argument('<plan>', 'the plan id, as the list shows it', readId)
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- plans show pro')
    .action((planId: string, _options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { plans } = await desk.get<PlansAnswer>('/api/plans')
        const plan = plans.find((other) => other.id === planId)
        if (plan === undefined) {
          const known = plans.map(({ id }) => id).join(', ')
          throw new CliFailure(exitCodes.failed, {
            code: 'unknown_plan',
            message: `There is no plan "${safeText(planId)}".`,
            remedy: `The plans are: ${known}`,
          })
        }
        context.show(plan, () => planText(plan, context))
      }),
    )
}

function planText(plan: PlanShown, context: CommandContext): string {
  const rows: (readonly [string, string])[] = [
    ['Plan', `${plan.id}, version ${plan.version}`],
    ['Name', safeText(plan.name)],
    [
      'Price',
      plan.priceNanos === null
        ? 'not sold by the month'
        : `${context.money(plan.priceNanos)} a month`,
    ],
    ...plan.limits.map(
      (limit) =>
        [
          `Limit ${limit.id}`,
          `${titleOf(limit)}: ${amountText(limit, context)}, ${shapeText(limit)}`,
        ] as const,
    ),
    ...plan.grants.map(
      (grant) =>
        [
          `Credit ${grant.id}`,
          `${context.money(grant.amountNanos)}, ${grant.every === 'once' ? 'once' : 'every month'}`,
        ] as const,
    ),
    ['Requests at once', `at most ${plan.runningMax} of a member`],
  ]
  return facts(rows)
}

const weekdays = ['', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function shapeText(limit: LimitShown): string {
  const shape = limit.shapes.at(-1)?.shape
  if (shape === undefined) return 'no window'
  switch (shape.kind) {
    case 'session':
      return `${shape.lengthMs / 3_600_000} h from the first message`
    case 'week': {
      const { weekday, hour, minute } = shape.anchor
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
      return `from ${weekdays[weekday] ?? ''} ${time} (${shape.zone})`
    }
    case 'month':
      return `a calendar month (${shape.zone})`
    case 'day':
      return `a day (${shape.zone})`
  }
}

function addApply(parent: Command, cli: CommandLine): void {
  withRetryKey(parent.command('apply'))
    .description('publish the plans of a file; changed limits count for the next request')
    .argument('<file>', 'a plans file (docs/plans.md)')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- plans apply docs/examples/plans.json')
    .action((name: string, _options: object, command: Command) =>
      cli.run(command, async (context) => {
        const file = resolve(context.folder, name)
        const content = await readFile(file, 'utf8').catch((error: unknown) => {
          throw wrongUse(unreadableFile(file, error), 'Name a plans file; docs/plans.md shows one.')
        })
        const desk = await context.desk('changing')
        const answer = await desk.post<AppliedPlansAnswer>('/api/plans', { content })
        context.say(answer, () =>
          answer.changed.length === 0
            ? 'Nothing to change: the plans are like that already.'
            : [
                `Published: ${answer.changed.join(', ')}.`,
                ...answer.changes.map((change) => changeText(change, context)),
              ].join('\n'),
        )
      }),
    )
}

type PlanChange = AppliedPlansAnswer['changes'][number]

/** "pro: session $5.00 -> $6.00; 2 members sit on it." */
function changeText(change: PlanChange, context: CommandContext): string {
  const { planId, isNew, memberCount, limits } = change
  const limitTexts = limits.map(({ limitId, unit, before, after }) => {
    const text = (amount: string): string => amountText({ amount, unit }, context)
    if (before === null) return `${limitId} ${text(after ?? '0')}${isNew ? '' : ' (new)'}`
    return `${limitId} ${text(before)} -> ${after === null ? 'gone' : text(after)}`
  })
  const what = [
    ...(isNew ? ['a new plan'] : []),
    ...(limitTexts.length === 0 ? ['no amount of a limit changed'] : limitTexts),
  ].join(', ')
  const seated = memberCount === 1 ? '1 member sits on it' : `${memberCount} members sit on it`
  return `${planId}: ${what}; ${seated}.`
}
