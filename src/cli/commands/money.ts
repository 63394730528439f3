import type { Command } from 'commander'
import type { CustomerAnswer, MemberAnswer } from '../../admin/contract/answers.ts'
import { readAmount } from '../amounts.ts'
import type { CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import { readDate } from '../flag-values.ts'
import { localMoment } from '../moments.ts'
import { chooseCustomer, chooseMember, withCustomer, withMember, type Who } from '../who.ts'
import { withRetryKey } from '../retry-key.ts'

type GrantOptions = Who & { readonly expires?: number; readonly idempotencyKey?: string }

/** `plimsoll topup`, `gift` and `cap`: the money of a customer. None of them touches the switch. */
export function addMoneyCommands(program: Command, cli: CommandLine): void {
  addGrantCommand(program, cli, {
    name: 'topup',
    path: 'top-ups',
    done: 'Added',
    description: 'add bought money to the balance',
  })
  addGrantCommand(program, cli, {
    name: 'gift',
    path: 'gifts',
    done: 'Given',
    description: 'give credit; it is used before bought money',
  })
  addCapCommand(program, cli)
}

function addGrantCommand(
  program: Command,
  cli: CommandLine,
  grant: {
    readonly name: string
    readonly path: string
    readonly done: string
    readonly description: string
  },
): void {
  withRetryKey(withCustomer(program.command(grant.name)))
    .description(grant.description)
    .argument('<amount>', 'in dollars, for example 5 or 12.50')
    .option('--expires <date>', 'when what is left of it expires, for example 2027-01-31', readDate)
    .addHelpText('after', `\nExample:\n  npm run plimsoll -- ${grant.name} 5`)
    .action((amount: string, options: GrantOptions, command: Command) =>
      cli.run(command, async (context) => {
        const amountNanos = readAmount(amount, { isZeroAllowed: false })
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, options, context)
        const answer = await desk.post<CustomerAnswer & { readonly grantId: string }>(
          `${path}/${grant.path}`,
          { amountNanos: amountNanos.toString(), expiresAtMs: options.expires ?? null },
        )
        const turnOn = `extra on${options.customer === undefined ? '' : ` --customer ${answer.customerId}`}`
        context.say(answer, () => {
          const isOff = answer.isExtraUsageOn
            ? ''
            : ` Extra usage is off; to turn it on:\n  ${commandText(context.settings, turnOn)}`
          const until =
            options.expires === undefined
              ? ''
              : `, until ${localMoment(options.expires, context.reader())}`
          const amount = `${context.money(amountNanos)}${until}`
          // A key of the caller's own may have been used before, and that is no second payment.
          const done =
            options.idempotencyKey === undefined
              ? `${grant.done} ${amount}`
              : `${grant.done} once under this key: ${amount}`
          return `${done}. The balance is ${context.money(answer.balanceNanos)}.${isOff}`
        })
      }),
    )
}

function addCapCommand(program: Command, cli: CommandLine): void {
  withRetryKey(withMember(program.command('cap')))
    .description(
      'the most extra usage in a calendar month, for a customer, or with --member for a member',
    )
    .argument('<amount>', 'in dollars, for example 50; or: unlimited')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- cap 50\n  npm run plimsoll -- cap unlimited --member ada',
    )
    .action((amount: string, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const cap =
          amount === 'unlimited'
            ? { kind: 'unlimited' }
            : {
                kind: 'capped',
                amountNanos: readAmount(amount, {
                  isZeroAllowed: true,
                  orWord: 'unlimited',
                }).toString(),
              }
        const desk = await context.desk('changing')
        const isMember = who.member !== undefined
        const { path } = await (isMember ? chooseMember : chooseCustomer)(desk, who, context)
        const answer = await desk.post<CustomerAnswer | MemberAnswer>(`${path}/spend-cap`, { cap })
        context.say(answer, () => {
          const whose = isMember ? "The member's spend cap" : 'The spend cap'
          return answer.capNanos === null
            ? `${whose} is gone: extra usage goes up to the balance.`
            : `${whose} is ${context.money(answer.capNanos)} a month; ${context.money(answer.spentNanos)} of it is spent.`
        })
      }),
    )
}
