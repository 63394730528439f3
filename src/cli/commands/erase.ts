import type { Command } from 'commander'
import type { ErasureAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { wrongUse } from '../exit-codes.ts'
import { isNowhere, keptCopiesText } from '../kept-copies.ts'
import { withRetryKey } from '../retry-key.ts'
import {
  chooseCustomer,
  chooseMember,
  namedBy,
  withCustomer,
  withMember,
  type Who,
} from '../who.ts'

/** `plimsoll member erase` and `plimsoll customer erase`: names and addresses are gone, ids and usage stay. */
export function addEraseMember(parent: Command, cli: CommandLine): void {
  withRetryKey(withMember(parent.command('erase')))
    .description("erase a member's name and address, and the names of its keys, from every file")
    .argument('[member]', 'id or name; here or with --member')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- member erase ada\n\nIts id, usage, money and keys stay; pause it or revoke its keys to end its use. Older backups are\nyours to remove (docs/backup.md).',
    )
    .action((member: string | undefined, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const named = mustName('member', namedBy('member', member, who.member))
        const desk = await context.desk('changing')
        const { path } = await chooseMember(
          desk,
          { ...who, ...named },
          { ...context, isArgument: true },
        )
        tell(context, await desk.post<ErasureAnswer>(`${path}/erase`, {}))
      }),
    )
}

export function addEraseCustomer(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('erase')))
    .description(
      'erase the names and addresses of a customer, of all its members, and of their keys',
    )
    .argument('[customer]', 'id or name; here or with --customer')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- customer erase acme\n\nIds, usage, money and keys stay. Older backups are yours to remove (docs/backup.md).',
    )
    .action((customer: string | undefined, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const named = mustName('customer', namedBy('customer', customer, who.customer))
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, named, { ...context, isArgument: true })
        tell(context, await desk.post<ErasureAnswer>(`${path}/erase`, {}))
      }),
    )
}

/** What cannot be undone is done to nobody who was left out, even where there is only one. */
function mustName(what: 'customer' | 'member', named: Who): Who {
  if (named[what] !== undefined) return named
  throw wrongUse(`Say which ${what} is to be erased.`, `Name the id or name, or --${what}.`)
}

function tell({ say }: CommandContext, erased: ErasureAnswer): void {
  const { customerId, memberId, isComplete, copies } = erased
  const who = memberId === null ? `customer ${customerId} and its members` : `member ${memberId}`
  const kept = keptCopiesText(copies)
  say(erased, () =>
    isComplete
      ? `The names and addresses of ${who} are ${isNowhere(copies)} any more. Backups that were taken before still have them.${kept}`
      : `The names and addresses of ${who} are erased, but something reads an old state of the journal, so that its log still holds them. The server goes on until they are gone; health says when.${kept}`,
  )
}
