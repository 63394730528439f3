import type { Command } from 'commander'
import type { DemoRemovedAnswer } from '../../admin/contract/plans.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { withRetryKey } from '../retry-key.ts'

/** `plimsoll demo remove`: the invented customers of a first start are out of sight. */
export function addDemoCommands(program: Command, cli: CommandLine): void {
  const demo = program
    .command('demo')
    .description('the demo world that the first start made: invented customers and their history')
  withRetryKey(demo.command('remove'))
    .description('revoke its keys, pause and hide its customers, erase their names and accounts')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- demo remove\n\nThis cannot be undone. No list, total or chart shows these customers any more; their entries stay in the\njournal, as every entry does, and `verify` goes on to check them. Real customers are not touched.\nAccounts at the console that belong to a demo customer are removed, and the traffic of the overview is counted anew.',
    )
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        tell(context, await desk.post<DemoRemovedAnswer>('/api/demo-world/remove', {}))
      }),
    )
}

function tell({ say }: CommandContext, answer: DemoRemovedAnswer): void {
  const { removed, keysRevoked, accountsRemoved, isComplete } = answer
  say(answer, () => {
    if (removed.length === 0) return 'There is nothing to remove: no demo customer is shown.'
    const keys = keysRevoked === 1 ? '1 key was revoked' : `${keysRevoked} keys were revoked`
    const people =
      accountsRemoved === 0
        ? ''
        : ` ${accountsRemoved === 1 ? '1 account' : `${accountsRemoved} accounts`} at the console went with them.`
    const names = isComplete
      ? 'Their names are in no file of the data folder any more.'
      : 'Their names are erased; the server goes on until no file holds them.'
    return `Removed: ${removed.join(', ')}; ${keys}.${people} ${names} Their entries stay in the journal.`
  })
}
