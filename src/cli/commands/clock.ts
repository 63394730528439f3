import type { Command } from 'commander'
import type { ClockAnswer } from '../../admin/contract.ts'
import type { CommandLine } from '../command-line.ts'
import { localMomentToTheSecond } from '../moments.ts'

/** `plimsoll clock adopt`: the operator's word that this machine's clock is right. */
export function addClockCommands(program: Command, cli: CommandLine): void {
  program
    .command('clock')
    .description('the clock that windows and caps are decided by')
    .command('adopt')
    .description("take this machine's clock as right, when a jump of it is held back")
    .addHelpText(
      'after',
      '\nWindows that have ended by the new time end at once, and that cannot be taken back.\n\nExample:\n  npm run plimsoll -- clock adopt',
    )
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const answer = await desk.post<ClockAnswer>('/api/clock/adopt', {})
        context.say(answer, () => {
          const moment = localMomentToTheSecond(answer.clock.recordMs, context.reader())
          return `It is ${moment} now, for every limit and cap.`
        })
      }),
    )
}
