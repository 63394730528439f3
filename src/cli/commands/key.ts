import type { Command } from 'commander'
import type { IssuedKeyAnswer, KeysAnswer, StatusAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { readName } from '../flag-values.ts'
import { localMoment } from '../moments.ts'
import { withRetryKey } from '../retry-key.ts'
import { safeText, table, type Column } from '../terminal.ts'
import { chooseCustomer, chooseMember, withCustomer, withMember, type Who } from '../who.ts'

type IssueOptions = Who & { readonly name?: string }

/** `plimsoll key …`: what callers present. A key's text is shown once, when it is made. */
export function addKeyCommands(program: Command, cli: CommandLine): void {
  const key = program
    .command('key')
    .description('keys: what callers present; each belongs to a member')
  addIssue(key, cli)
  addList(key, cli)
  addRevoke(key, cli)
}

function addIssue(parent: Command, cli: CommandLine): void {
  withRetryKey(withMember(parent.command('issue')))
    .description('make a key for a member; its text is shown now and not kept')
    .option('--name <name>', 'for people, for example the machine that it is for', readName)
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- key issue --member ada --name laptop')
    .action((options: IssueOptions, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path, memberId } = await chooseMember(desk, options, context)
        const body = options.name === undefined ? {} : { name: options.name }
        const answer = await desk.post<IssuedKeyAnswer>(`${path}/keys`, body)
        const { gatewayUrl } = await desk.get<StatusAnswer>('/api/status')
        const gateway = gatewayUrl === '' ? '<gateway>' : gatewayUrl
        context.say(answer, () =>
          [
            answer.keyText,
            '',
            `That is key ${answer.keyId} of member ${memberId}. It is not shown again; keep it like a password.`,
            `Use it:\n  ANTHROPIC_BASE_URL=${gateway} ANTHROPIC_AUTH_TOKEN=${answer.keyText} claude`,
          ].join('\n'),
        )
      }),
    )
}

const columns: readonly Column[] = [
  { title: 'Key' },
  { title: 'Member', isFlexible: true },
  { title: 'Name' },
  { title: 'Issued' },
  { title: 'Status' },
]

function addList(parent: Command, cli: CommandLine): void {
  withCustomer(parent.command('list'))
    .description("a customer's keys, without their texts")
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- key list --customer acme')
    .action((who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { path } = await chooseCustomer(desk, who, context)
        const answer = await desk.get<KeysAnswer>(`${path}/keys`)
        context.show(answer, () =>
          table(
            context.terminal,
            columns,
            answer.keys.map((key) => rowOf(key, context)),
          ),
        )
      }),
    )
}

function rowOf(key: KeysAnswer['keys'][number], context: CommandContext): readonly string[] {
  const reader = context.reader()
  const status =
    key.revokedAtMs === null ? 'active' : `revoked ${localMoment(key.revokedAtMs, reader)}`
  return [
    key.keyId,
    safeText(key.memberName === null ? key.memberId : `${key.memberName} (${key.memberId})`),
    safeText(key.name ?? ''),
    localMoment(key.issuedAtMs, reader),
    status,
  ]
}

function addRevoke(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('revoke')))
    .description('end a key: the next request with it is refused')
    .argument('<key>', 'the key id (key_…), as the list shows it')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- key revoke key_3f9c0a61d2b84e57')
    .action((keyId: string, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, who, context)
        const answer = await desk.post<{ keyId: string; memberId: string }>(
          `${path}/keys/${encodeURIComponent(keyId)}/revoke`,
          {},
        )
        context.say(answer, () => `Key ${answer.keyId} of member ${answer.memberId} is revoked.`)
      }),
    )
}
