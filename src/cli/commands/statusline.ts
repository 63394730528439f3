import { join } from 'node:path'
import type { Command } from 'commander'
import { shellWord } from '../../config/shell-word.ts'
import { lookAtStatusLines, type KeptStatusLines } from '../../doctor/figures/kept-status-lines.ts'
import { figureText } from '../../doctor/verdict/weigh-figures.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { distance } from '../moments.ts'

const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'statusline.mjs')

/** `plimsoll statusline`: how the client is told to hand its official figures over, and what was kept of them. */
export function addStatuslineCommand(program: Command, cli: CommandLine): void {
  program
    .command('statusline')
    .description(
      'have the client keep its official figures for the doctor; says how, and what is kept',
    )
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- statusline')
    .action((_options: object, command: Command) =>
      cli.runAnyway(command, (context) => {
        showStatusLine(context)
        return Promise.resolve()
      }),
    )
}

function showStatusLine(context: CommandContext): void {
  const { clock, machine } = context
  const nowMs = clock.wallMs()
  const { figures, leftOut } = lookAtStatusLines(machine, { nowMs })
  const command = `node ${shellWord(script)}`
  const settings = { statusLine: { type: 'command', command } }
  context.say({ settings, figures, leftOut }, () =>
    [
      'Put this into the settings.json of the client (~/.claude/settings.json):',
      ...JSON.stringify(settings, null, 2)
        .split('\n')
        .map((line) => `  ${line}`),
      'It runs in your terminal sessions with a plan’s sign-in, from the first answer on. To keep a status line of your own, add it to the command:',
      `  ${command} --then '<your own command>'`,
      '',
      ...(figures.length === 0 ? nothingKept(leftOut) : ['Kept, of each limit the newest:']),
      ...figures.map((figure) => `  ${figureText(figure)}, ${distance(figure.atMs, nowMs)}`),
      ...leftOutLines(leftOut),
    ].join('\n'),
  )
}

const nothingKept = (leftOut: KeptStatusLines['leftOut']): readonly string[] =>
  leftOut.otherService + leftOut.otherHome === 0 ? ['Nothing is kept yet.'] : []

/** Kept, and not counted here: whoever changed a setting should not look for a fault. */
function leftOutLines({ otherService, otherHome }: KeptStatusLines['leftOut']): readonly string[] {
  const kept = (count: number): string =>
    `Kept and left out: the figures of ${count} ${count === 1 ? 'session' : 'sessions'}`
  return [
    ...(otherService === 0
      ? []
      : [
          `${kept(otherService)} with another service: their ANTHROPIC_BASE_URL is not the one that is set here, so they may be another account’s. Call this with the same one to see them.`,
        ]),
    ...(otherHome === 0
      ? []
      : [
          `${kept(otherHome)} of another folder of the client: their CLAUDE_CONFIG_DIR is not the one that is set here.`,
        ]),
  ]
}
