import type { Command } from 'commander'
import type { StatusAnswer } from '../../admin/contract/answers.ts'
import type { CommandLine } from '../command-line.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import { findServer } from '../find-desk.ts'
import { facts, safeText } from '../terminal.ts'

/** `plimsoll status`: whether the server runs, and where. */
export function addStatusCommand(program: Command, cli: CommandLine): void {
  program
    .command('status')
    .description('whether the server runs, and where')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- status\n\nEnds with 3 when no server runs.',
    )
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const server = await findServer(context.settings)
        if (server === undefined) {
          throw new CliFailure(exitCodes.serverAway, {
            code: 'no_server',
            message: `No server is running on the data folder ${context.settings.dataFolder}.`,
            remedy: 'Start it with npm start, or name its folder with --data-folder.',
          })
        }
        const desk = await context.desk('changing')
        const status = await desk.get<StatusAnswer>('/api/status')
        context.show({ ...status, pid: server.pid }, () =>
          facts([
            [
              'Server',
              `running, version ${status.version}${server.pid === null ? '' : `, process ${server.pid}`}`,
            ],
            ['Gateway', status.gatewayUrl],
            ['Admin and pages', status.adminUrl],
            ['Upstream', safeText(status.upstream)],
            ['Data folder', safeText(status.dataFolder)],
            [
              'Journal',
              `${status.position.toLocaleString('en')} entries; customers: ${status.customerCount}, members: ${status.memberCount}`,
            ],
            [
              'Clock',
              status.clock.isBehind
                ? 'the wall clock is behind; `clock` says how far, and what to do'
                : status.clock.isJumpHeld
                  ? 'the wall clock jumped ahead and is not believed until the upstream confirms it, or `clock adopt` does'
                  : 'right',
            ],
          ]),
        )
      }),
    )
}
