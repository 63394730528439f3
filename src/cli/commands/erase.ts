import type { Command } from 'commander'
import type { ErasureAnswer } from '../../admin/contract.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { withRetryKey } from '../retry-key.ts'
import { chooseCustomer, chooseMember, withCustomer, type Who } from '../who.ts'

/** `plimsoll member erase` and `plimsoll customer erase`: names and addresses are gone, ids and usage stay. */
export function addEraseMember(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('erase')))
    .description("erase a member's name and address, and the names of its keys, from every file")
    .argument('<member>', 'id or name')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- member erase ada\n\nIts id, usage, money and keys stay; pause it or revoke its keys to end its use. Older backups are\nyours to remove (docs/backup.md).',
    )
    .action((member: string, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseMember(
          desk,
          { ...who, member },
          { ...context, isArgument: true },
        )
        tell(context, await desk.post<ErasureAnswer>(`${path}/erase`, {}))
      }),
    )
}

export function addEraseCustomer(parent: Command, cli: CommandLine): void {
  withRetryKey(parent.command('erase'))
    .description(
      'erase the names and addresses of a customer, of all its members, and of their keys',
    )
    .argument('<customer>', 'id or name')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- customer erase acme\n\nIds, usage, money and keys stay. Older backups are yours to remove (docs/backup.md).',
    )
    .action((customer: string, _options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, { customer }, { ...context, isArgument: true })
        tell(context, await desk.post<ErasureAnswer>(`${path}/erase`, {}))
      }),
    )
}

function tell({ say }: CommandContext, erased: ErasureAnswer): void {
  const { customerId, memberId, isComplete } = erased
  const who = memberId === null ? `customer ${customerId} and its members` : `member ${memberId}`
  say(erased, () =>
    isComplete
      ? `The names and addresses of ${who} are in no file of the data folder any more. Backups that were taken before still have them.`
      : `The names and addresses of ${who} are erased, but something reads an old state of the journal, so that its log still holds them. The server goes on until they are gone; health says when.`,
  )
}
