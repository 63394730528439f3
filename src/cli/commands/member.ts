import type { Command } from 'commander'
import type { MemberAnswer, MembersAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import type { Desk } from '../desk.ts'
import { wrongUse } from '../exit-codes.ts'
import { readId, readName } from '../flag-values.ts'
import { addEraseMember } from './erase.ts'
import { addExceptCommand } from './exception.ts'
import { withRetryKey } from '../retry-key.ts'
import { safeText, table, type Column } from '../terminal.ts'
import { withUnreadable } from '../unreadable-text.ts'
import {
  chooseCustomer,
  chooseMember,
  namedBy,
  withCustomer,
  withMember,
  type Asking,
  type Who,
} from '../who.ts'

type SeatOptions = Who & { readonly plan: string; readonly id?: string }

/** `plimsoll member …`: persons and services, each seated on a plan. */
export function addMemberCommands(program: Command, cli: CommandLine): void {
  const member = program
    .command('member')
    .description('members: persons and services, each seated on a plan')
  addSeat(member, cli)
  addList(member, cli)
  addStatus(member, cli, {
    name: 'pause',
    isActive: false,
    done: 'is paused: its requests are refused',
  })
  addStatus(member, cli, { name: 'resume', isActive: true, done: 'is active again' })
  addExceptCommand(member, cli)
  addEraseMember(member, cli)
}

function addSeat(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('seat')))
    .description('seat a new member on a plan, or move one that exists to another plan')
    .argument('[name]', 'the name of a new member, for people', readName)
    .requiredOption('--plan <plan>', 'the plan; see: plans list', readId)
    .option('--id <id>', "a new member's id; made where left out", readId)
    .option('--member <id or name>', 'the member to move to another plan; what it used stays')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- member seat "Ada" --plan pro\n  npm run plimsoll -- member seat --member ada --plan max-5x',
    )
    .action((name: string | undefined, options: SeatOptions, command: Command) =>
      cli.run(command, async (context) => {
        if ((name === undefined) === (options.member === undefined)) {
          throw wrongUse(
            'Say either the name of a new member, or with --member whom to move.',
            'Add --help to see examples.',
          )
        }
        const desk = await context.desk('changing')
        const { path, seat } = await seatOf(desk, { ...options, name }, context)
        const answer = await desk.post<MemberAnswer>(`${path}/members`, seat)
        context.say(answer, () => {
          const seated = `Member ${answer.memberId} is seated on plan ${answer.planId}.`
          const next = commandText(context.settings, `key issue --member ${answer.memberId}`)
          return name === undefined ? seated : `${seated} Next:\n  ${next}`
        })
      }),
    )
}

async function seatOf(
  desk: Desk,
  options: SeatOptions & { readonly name: string | undefined },
  asking: Asking,
): Promise<{ readonly path: string; readonly seat: object }> {
  const { plan: planId, name } = options
  if (name === undefined) {
    const { customerId, memberId } = await chooseMember(desk, options, asking)
    return { path: `/api/customers/${customerId}`, seat: { planId, memberId } }
  }
  const { path } = await chooseCustomer(desk, options, asking)
  const id = options.id === undefined ? {} : { memberId: options.id }
  return { path, seat: { planId, name, ...id } }
}

const columns: readonly Column[] = [
  { title: 'Member' },
  { title: 'Name', isFlexible: true },
  { title: 'Plan' },
  { title: 'Extra' },
  { title: 'Spent', isRight: true, isMoney: true },
  { title: 'Own cap', isRight: true, isMoney: true },
  { title: 'Running', isRight: true },
]

function addList(parent: Command, cli: CommandLine): void {
  withCustomer(parent.command('list'))
    .description("a customer's members")
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- member list --customer acme')
    .action((who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { path } = await chooseCustomer(desk, who, context)
        const members: MemberAnswer[] = []
        const unreadable: MembersAnswer['unreadable'][number][] = []
        let after = ''
        for (;;) {
          const page = await desk.get<MembersAnswer>(`${path}/members?rowsMax=200${after}`)
          members.push(...page.members)
          unreadable.push(...page.unreadable)
          if (page.afterMemberId === null) break
          after = `&afterMemberId=${page.afterMemberId}`
        }
        context.show({ members, unreadable }, () => {
          const rows = members.map((each) => rowOf(each, context))
          return withUnreadable(context, table(context.terminal, columns, rows), unreadable)
        })
      }),
    )
}

const rowOf = (member: MemberAnswer, { money }: CommandContext): readonly string[] => [
  member.memberId,
  `${safeText(member.name ?? '')}${member.isActive ? '' : ' (paused)'}`,
  member.planId,
  member.isExtraUsageOn ? 'on' : 'off',
  money(member.spentNanos),
  member.capNanos === null ? 'none' : money(member.capNanos),
  String(member.runningCount),
]

function addStatus(
  parent: Command,
  cli: CommandLine,
  status: { readonly name: string; readonly isActive: boolean; readonly done: string },
): void {
  withRetryKey(withMember(parent.command(status.name)))
    .description(`${status.name} a member`)
    .argument('[member]', 'id or name; needed when there are several')
    .addHelpText('after', `\nExample:\n  npm run plimsoll -- member ${status.name} ada`)
    .action((member: string | undefined, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseMember(
          desk,
          { ...who, ...namedBy('member', member, who.member) },
          { ...context, isArgument: true },
        )
        const answer = await desk.post<MemberAnswer>(`${path}/status`, {
          isActive: status.isActive,
        })
        context.say(answer, () => `Member ${answer.memberId} ${status.done}.`)
      }),
    )
}
