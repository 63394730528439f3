import type { Command } from 'commander'
import type {
  InvitedAnswer,
  PeopleAnswer,
  PersonAnswer,
  RemovedPersonAnswer,
} from '../../admin/contract/people.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import type { Desk } from '../desk.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'
import { readName } from '../flag-values.ts'
import { isNowhere, keptCopiesText } from '../kept-copies.ts'
import { localMoment } from '../moments.ts'
import { withRetryKey } from '../retry-key.ts'
import { safeText, table, type Column } from '../terminal.ts'
import { chooseCustomer, chooseMember, withMember, type Who } from '../who.ts'

/** `plimsoll people …`: accounts at the console. Passwords are chosen by those whose they are, over a link. */
export function addPeopleCommands(program: Command, cli: CommandLine): void {
  const people = program
    .command('people')
    .description('people: who has an account at the console; each chooses a password over a link')
  addList(people, cli)
  addInvite(people, cli)
  addReset(people, cli)
  addRemove(people, cli)
}

const columns: readonly Column[] = [
  { title: 'E-mail', isFlexible: true },
  { title: 'Name' },
  { title: 'Role' },
  { title: 'Customer' },
  { title: 'Seat' },
  { title: 'Last used' },
]

function addList(parent: Command, cli: CommandLine): void {
  parent
    .command('list')
    .description('who has an account at the console')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- people list')
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const answer = await desk.get<PeopleAnswer>('/api/people')
        context.show(answer, () =>
          answer.people.length === 0
            ? 'Nobody has an account yet. Make one:\nnpm run plimsoll -- people invite <e-mail> --name <name> --role operator'
            : table(
                context.terminal,
                columns,
                answer.people.map((person) => rowOf(person, context)),
              ),
        )
      }),
    )
}

function rowOf(person: PersonAnswer, context: CommandContext): readonly string[] {
  const { lastSeenAtMs, isActive, customer, member } = person
  const seen = lastSeenAtMs === null ? '' : localMoment(lastSeenAtMs, context.reader())
  return [
    safeText(person.email),
    safeText(person.name),
    person.role,
    customer?.id ?? '',
    member?.id ?? '',
    isActive ? seen : 'switched off',
  ]
}

type InviteOptions = Who & { readonly name: string; readonly role: string }

function addInvite(parent: Command, cli: CommandLine): void {
  withRetryKey(withMember(parent.command('invite')))
    .description('make an account, and the link over which its password is chosen')
    .argument('<e-mail>', 'what the person signs in with; nothing is sent to it')
    .requiredOption('--name <name>', 'of the person', readName)
    .requiredOption('--role <role>', 'operator, owner (of a customer) or member')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- people invite olga@example.com --name Olga --role operator\n  npm run plimsoll -- people invite ada@example.com --name Ada --role member --member ada',
    )
    .action((email: string, options: InviteOptions, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { name, role, ...who } = options
        const standing = await standingFor(desk, { role, who }, context)
        const body = { email, name, role, ...standing }
        tellLink(context, await desk.post<InvitedAnswer>('/api/people', body))
      }),
    )
}

async function standingFor(
  desk: Desk,
  { role, who }: { readonly role: string; readonly who: Who },
  context: CommandContext,
): Promise<{ readonly customerId?: string; readonly memberId?: string }> {
  if (role === 'operator') return {}
  if (role === 'member' || who.member !== undefined) {
    const { customerId, memberId } = await chooseMember(desk, who, context)
    return { customerId, memberId }
  }
  if (role !== 'owner') {
    throw wrongUse(`"${role}" is no role.`, 'Say --role operator, owner or member.')
  }
  const { customerId } = await chooseCustomer(desk, who, context)
  return { customerId }
}

function addReset(parent: Command, cli: CommandLine): void {
  withRetryKey(parent.command('reset'))
    .description('make a link for a new password; a link of before ends')
    .argument('<person>', 'e-mail or id (person_…), as the list shows it')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- people reset ada@example.com')
    .action((named: string, _options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { id } = await choosePerson(desk, named)
        tellLink(context, await desk.post<InvitedAnswer>(`/api/people/${id}/link`, {}))
      }),
    )
}

function addRemove(parent: Command, cli: CommandLine): void {
  withRetryKey(parent.command('remove'))
    .description('end an account: its sessions end at once, and its name is erased')
    .argument('<person>', 'e-mail or id (person_…), as the list shows it')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- people remove ada@example.com')
    .action((named: string, _options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { id, email } = await choosePerson(desk, named)
        const answer = await desk.post<RemovedPersonAnswer>(`/api/people/${id}/remove`, {})
        const { isComplete, copies } = answer
        const kept = keptCopiesText(copies)
        context.say(answer, () =>
          isComplete
            ? `${safeText(email)} has no account any more, and is ${isNowhere(copies)} any more.${kept}`
            : `${safeText(email)} has no account any more. Something reads an old state of the journal, so that its log still holds the name; the server goes on until it is gone.${kept}`,
        )
      }),
    )
}

async function choosePerson(desk: Desk, named: string): Promise<PersonAnswer> {
  const { people } = await desk.get<PeopleAnswer>('/api/people')
  const found = people.find(({ id, email }) => id === named || email === named.toLowerCase())
  if (found !== undefined) return found
  throw new CliFailure(exitCodes.failed, {
    code: 'unknown_person',
    message: `Nobody has an account as ${safeText(named)}.`,
    remedy: 'List them: npm run plimsoll -- people list.',
  })
}

function tellLink({ say, reader }: CommandContext, { person, link }: InvitedAnswer): void {
  say({ person, link }, () =>
    [
      link.url,
      '',
      `Send it to ${safeText(person.email)} on a way that you trust: whoever opens it first chooses the password. It works once, until ${localMoment(link.expiresAtMs, reader())}, takes the place of any link before, and is not shown again.`,
    ].join('\n'),
  )
}
