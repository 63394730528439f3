import type { Command } from 'commander'
import type { DriftsAnswer } from '../../admin/contract/answers.ts'
import type { CommandLine } from '../command-line.ts'
import { localMomentToTheSecond } from '../moments.ts'
import { safeText, table } from '../terminal.ts'

/** `plimsoll drift`: stored sums that were found different from the journal. */
export function addDriftCommand(program: Command, cli: CommandLine): void {
  program
    .command('drift')
    .description('stored sums that were found different from the journal')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- drift --json')
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const answer = await desk.get<DriftsAnswer>('/api/drifts')
        context.show(answer, () => {
          if (answer.drifts.length === 0) return 'No difference was ever found.'
          const reader = context.reader()
          const rows = answer.drifts.map((drift) => [
            localMomentToTheSecond(drift.foundAtMs, reader),
            `entry #${drift.sincePosition}`,
            safeText(drift.where),
            safeText(`${drift.field}: stored ${drift.stored}, recomputed ${drift.recomputed}`),
          ])
          const columns = [
            { title: 'Found' },
            { title: 'Row written at' },
            { title: 'Where' },
            { title: 'What', isFlexible: true },
          ]
          return table(context.terminal, columns, rows)
        })
      }),
    )
}
