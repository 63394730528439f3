import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { CliFailure, exitCodes, wrongUse } from '../exit-codes.ts'
import { newTokenInFolder } from '../folder-desk.ts'
import { safeText } from '../terminal.ts'

/** `plimsoll operator-token new`: for a data folder whose token was lost, or was restored without one. */
export function addOperatorTokenCommand(program: Command, cli: CommandLine): void {
  program
    .command('operator-token')
    .description("the operator's token, which every command shows to the server")
    .command('new')
    .description('make a new one in the data folder of a stopped server; the old one ends')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- operator-token new')
    .action((_options: object, command: Command) => cli.run(command, makeToken))
}

async function makeToken(context: CommandContext): Promise<void> {
  const { dataFolder, adminUrl } = context.settings
  if (adminUrl !== null) {
    throw wrongUse(
      'A new token is made in the data folder, and not over the network.',
      'Run it on the machine of the server, without adminUrl.',
    )
  }
  if (!existsSync(join(dataFolder, 'journal.db'))) {
    throw new CliFailure(exitCodes.failed, {
      code: 'no_journal',
      message: `There is no journal in ${dataFolder}.`,
      remedy: 'Name the data folder with --data-folder; a first start makes its token by itself.',
    })
  }
  const file = await newTokenInFolder({ world: context, settings: context.settings })
  context.say({ file }, () =>
    [
      'The data folder has a new operator token; the old one does not count any more.',
      `  ${safeText(file)}`,
    ].join('\n'),
  )
}
