import type { Command } from 'commander'
import type {
  ClockAnswer,
  ClockCorrectedAnswer,
  StatusAnswer,
} from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { wrongUse } from '../exit-codes.ts'
import { localMomentToTheSecond } from '../moments.ts'
import { facts } from '../terminal.ts'

/** `plimsoll clock`: how the clock of record stands, and the operator's word about this machine's clock. */
export function addClockCommands(program: Command, cli: CommandLine): void {
  const clock = program
    .command('clock')
    .description('the clock that windows and caps are decided by')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- clock')
    .action((_options: object, command: Command) => cli.run(command, showClock))
  clock
    .command('adopt')
    .description("take this machine's clock as right, when a jump of it is held back")
    .addHelpText(
      'after',
      '\nWindows that have ended by the new time end at once. If that was wrong, `clock correct` goes back.\n\nExample:\n  npm run plimsoll -- clock adopt',
    )
    .action((_options: object, command: Command) => cli.run(command, adopt))
  clock
    .command('correct')
    .description("go back to this machine's clock after a jump that was followed and was wrong")
    .option('--yes', 'do it; without it, only say what would happen')
    .addHelpText('after', correctHelp)
    .action(({ yes }: { yes?: true }, command: Command) =>
      cli.run(command, (context) => correct(context, yes === true)),
    )
}

const correctHelp = `
Set this machine's clock right first. Windows that ran before the jump run on with what was used in them, and
credit that had expired too early is there again. What was admitted meanwhile stays counted in the windows that
admitted it; a gifted reset or a gift makes good what that costs somebody.

Examples:
  npm run plimsoll -- clock correct         says from when to when
  npm run plimsoll -- clock correct --yes`

/** Always with its date: clocks that differ by weeks show the same time of day. */
const moment = (atMs: number): string =>
  `${Temporal.Instant.fromEpochMilliseconds(atMs).toString({ smallestUnit: 'second' }).replace('T', ' ').replace('Z', '')} UTC`

async function showClock(context: CommandContext): Promise<void> {
  const desk = await context.desk('reading')
  const { clock } = await desk.get<StatusAnswer>('/api/status')
  const { recordMs, wallMs, isJumpHeld, isBehind, correctsToMs, witness } = clock
  context.show({ clock }, () =>
    facts([
      ['Limits and caps', moment(recordMs)],
      ['This machine', moment(wallMs)],
      [
        'Upstream',
        witness === null ? 'has not said yet' : `said ${moment(witness.dateMs + witness.ageMs)}`,
      ],
      ['State', stateOf({ isJumpHeld, isBehind, isCorrectable: correctsToMs !== null })],
    ]),
  )
}

function stateOf(state: {
  readonly isJumpHeld: boolean
  readonly isBehind: boolean
  readonly isCorrectable: boolean
}): string {
  if (state.isJumpHeld) {
    return 'this machine jumped ahead and is not believed until the upstream confirms it, or `clock adopt` does'
  }
  if (state.isBehind && state.isCorrectable) {
    return 'this machine is behind a jump that was followed; if it is right now, `clock correct` goes back'
  }
  return state.isBehind
    ? 'this machine is behind: windows run slower until it has caught up; set its clock right'
    : 'right'
}

async function adopt(context: CommandContext): Promise<void> {
  const desk = await context.desk('changing')
  const answer = await desk.post<ClockAnswer>('/api/clock/adopt', {})
  context.say(answer, () => {
    const now = localMomentToTheSecond(answer.clock.recordMs, context.reader())
    return `It is ${now} now, for every limit and cap.`
  })
}

async function correct(context: CommandContext, isConfirmed: boolean): Promise<void> {
  const desk = await context.desk('changing')
  if (!isConfirmed) {
    const { clock } = await desk.get<StatusAnswer>('/api/status')
    // Where there is nothing to undo the server says so, and why.
    if (clock.correctsToMs !== null) {
      throw wrongUse(
        `The clock would go back from ${moment(clock.recordMs)} to ${moment(clock.correctsToMs)}.`,
        'Add --yes to do it; --help says what becomes of windows and credit.',
      )
    }
  }
  const answer = await desk.post<ClockCorrectedAnswer>('/api/clock/correct', {})
  context.say(answer, () => {
    const { fromMs, toMs } = answer.correction
    return `The clock went back from ${moment(fromMs)} to ${moment(toMs)}, for every limit and cap.`
  })
}
