import { Argument, type Command } from 'commander'
import type { CustomerAnswer, MemberAnswer } from '../../admin/contract/answers.ts'
import type { CommandLine } from '../command-line.ts'
import { withRetryKey } from '../retry-key.ts'
import { chooseCustomer, chooseMember, withMember, type Who } from '../who.ts'

/** `plimsoll extra on|off`: the only command that moves the switch. */
export function addSwitchCommands(program: Command, cli: CommandLine): void {
  withRetryKey(withMember(program.command('extra')))
    .description('turn extra usage on or off for a customer, or with --member for one member')
    .addArgument(new Argument('<switch>', 'on or off').choices(['on', 'off']))
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- extra on\n  npm run plimsoll -- extra off --member ada',
    )
    .action((position: 'on' | 'off', who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const isMember = who.member !== undefined
        const { path } = await (isMember ? chooseMember : chooseCustomer)(desk, who, context)
        const answer = await desk.post<CustomerAnswer | MemberAnswer>(`${path}/extra-usage`, {
          isOn: position === 'on',
        })
        context.say(answer, () => {
          const whose = isMember ? 'the member' : 'the whole account'
          const state = `Extra usage is ${answer.isExtraUsageOn ? 'on' : 'off'} for ${whose}.`
          if (!('balanceNanos' in answer) || !answer.isExtraUsageOn) return state
          return `${state} The balance is ${context.money(answer.balanceNanos)}.`
        })
      }),
    )
}
