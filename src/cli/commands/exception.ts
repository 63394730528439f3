import { InvalidArgumentError, type Command } from 'commander'
import type { MemberAnswer, UsageAnswer } from '../../admin/contract/answers.ts'
import type { Unit } from '../../core/usage.ts'
import { readAmount } from '../amounts.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { wrongUse } from '../exit-codes.ts'
import { readDate, readId } from '../flag-values.ts'
import { momentWithDistance } from '../moments.ts'
import { withRetryKey } from '../retry-key.ts'
import { chooseMember, withMember, type Who } from '../who.ts'

type Options = Who & { readonly until?: number }
type Exception = MemberAnswer['exceptions'][number]
type Most =
  | { readonly kind: 'amount'; readonly amount: string }
  | { readonly kind: 'unlimited' | 'plan' }

/** `plimsoll member except`: another amount of one limit for one member than its plan has. */
export function addExceptCommand(parent: Command, cli: CommandLine): void {
  withRetryKey(withMember(parent.command('except')))
    .description('give one member another amount of one limit than its plan; what it used stays')
    .argument('<limit>', 'the limit; see: usage', readId)
    .argument(
      '<amount>',
      'in dollars, tokens or requests, as the limit counts; or: unlimited; or: plan, for what the plan says',
      readMost,
    )
    .option(
      '--until <date>',
      'when the plan counts again by itself, for example 2027-01-31',
      readDate,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- member except week 50 --member ada --until 2027-01-31\n  npm run plimsoll -- member except session unlimited --member ada\n  npm run plimsoll -- member except week plan --member ada',
    )
    .action((...[limitId, amount, options, command]: [string, string, Options, Command]) =>
      cli.run(command, async (context) => {
        if (amount === 'plan' && options.until !== undefined) {
          throw wrongUse('What the plan says has no end.', 'Leave --until out.')
        }
        const desk = await context.desk('changing')
        const { path } = await chooseMember(desk, options, context)
        const isKnown = amount === 'unlimited' || amount === 'plan'
        // Only the server knows what the limit counts; a limit that it does not know is its to refuse.
        const usage = isKnown ? null : await desk.get<UsageAnswer>(`${path}/usage`)
        const unit = usage?.figures.limits.find((limit) => limit.limitId === limitId)?.unit
        const body = { limitId, most: mostOf(amount, unit), untilMs: options.until ?? null }
        const answer = await desk.post<MemberAnswer>(`${path}/exceptions`, body)
        context.say(answer, () => saidOf(answer, limitId, context))
      }),
    )
}

function readMost(text: string): string {
  if (text === 'unlimited' || text === 'plan' || /^\d/.test(text)) return text
  throw new InvalidArgumentError('It has to be an amount such as 50, or: unlimited, or: plan.')
}

function mostOf(text: string, unit: Unit | undefined): Most {
  if (text === 'unlimited' || text === 'plan') return { kind: text }
  const isCount = unit === 'tokens' || unit === 'requests'
  if (isCount && !/^\d{1,18}$/.test(text)) {
    throw wrongUse(
      `The limit counts ${unit}: ${JSON.stringify(text)} is not a whole number.`,
      'Write a whole number, for example 200000.',
    )
  }
  const amount = isCount ? BigInt(text) : readAmount(text, { isZeroAllowed: true })
  return { kind: 'amount', amount: amount.toString() }
}

function saidOf(answer: MemberAnswer, limitId: string, context: CommandContext): string {
  const made = answer.exceptions.find((exception) => exception.limitId === limitId)
  if (made === undefined) {
    return `Limit ${limitId} of member ${answer.memberId} is what its plan says.`
  }
  const until =
    made.untilMs === null ? '' : ` until ${momentWithDistance(made.untilMs, context.reader())}`
  const plan =
    made.planAmount === null ? '' : `; the plan says ${quantityOf(made, made.planAmount, context)}`
  const most = made.amount === null ? 'unlimited' : quantityOf(made, made.amount, context)
  return `Limit ${limitId} of member ${answer.memberId} is ${most}${until}${plan}.`
}

const quantityOf = ({ unit }: Exception, amount: string, { money }: CommandContext): string =>
  unit === 'money' ? money(amount) : `${BigInt(amount).toLocaleString('en')} ${unit}`
