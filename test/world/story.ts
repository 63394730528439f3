import { spawn } from 'node:child_process'
import { Command, Option } from 'commander'
import { disclaimer } from './scene.ts'
import { playStory, type PlayedStory } from './play-story.ts'
import { Stage } from './stage.ts'
import { openStageServer, type StageServer } from './stage-server.ts'
import { StoryClock } from './story-clock.ts'
import { drawScene, drawTable, heading, paragraph, type TerminalStyle } from './terminal.ts'
import { untilUnwatched } from './until-unwatched.ts'

/** `npm run story`: plays the story in the terminal, and on a local page where the visitor can play on. */

type Options = { readonly json?: true; readonly browser: boolean; readonly serve?: true }

const exitUsage = 2

const program = new Command('npm run story --')
  .description(
    'Plays one morning twice, with the same requests: in a simulated service that keeps two books, and in Plimsoll.',
  )
  .option('--json', 'print the played scenes as JSON and end')
  .option('--no-browser', 'print the address of the page, but do not open it')
  .addOption(new Option('--serve', 'only serve the page, until standard input ends').hideHelp())
  .addHelpText(
    'after',
    `
Exit code: 0 when every scene went as expected, 1 when one did not, 2 for a mistake in the command.
Without a terminal, or where CI is set, it plays, prints and ends, and opens nothing.

Examples:
  npm run story
  npm run story -- --no-browser
  npm run story --silent -- --json`,
  )

/** A mistake on the command line is not a scene that differs. */
program.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitUsage))

const clockTime = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

const opening =
  'Week 12 %, session 0 %, $100.00 of extra usage bought, $0.00 spent, and the gate says "You\'re out of extra usage". ' +
  'The same morning twice, with the same requests.'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

function drawEvidence(story: PlayedStory, style: TerminalStyle): string {
  const journalRows = story.journal.map((line) => [
    `#${line.position}`,
    clockTime.format(line.atMs),
    line.kind,
    line.text,
  ])
  return [
    heading("The one book's journal, from the night's update on", style),
    drawTable(journalRows, style),
    '',
    heading("How the morning's request was decided, recomputed from the journal", style),
    ...story.explanation.map((line) => paragraph(line, style)),
    '',
  ].join('\n')
}

function verdictOf(story: PlayedStory): string {
  if (story.isAsExpected) return `All ${story.scenes.length} scenes went as expected.`
  const missed = story.scenes.flatMap(({ checks }) => checks).filter(({ isMet }) => !isMet)
  return `${missed.length} expectations were not met; see the lines marked ✗ under their scenes.`
}

function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url]
  if (command === undefined) return
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  // Without a browser the printed address is enough.
  child.once('error', () => {})
  child.unref()
}

async function playAsJson(): Promise<number> {
  const story = await playStory()
  say(JSON.stringify({ note: disclaimer, ...story }, null, 2))
  return story.isAsExpected ? 0 : 1
}

async function playInTerminal(stage: Stage, style: TerminalStyle): Promise<number> {
  say(`${heading('Plimsoll: the story', style)}\n${paragraph(opening, style)}\n`)
  say(`${paragraph(disclaimer, style, 'yellow')}\n`)
  let number = 0
  const story = await stage.play((scene) => say(drawScene(scene, (number += 1), style)))
  say(drawEvidence(story, style))
  say(heading(verdictOf(story), style))
  return story.isAsExpected ? 0 : 1
}

/** Resolves when somebody asks for the end: Ctrl-C, a termination, or the end of standard input. */
function untilStopped(isStdinWatched: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve)
    if (!isStdinWatched) return
    process.stdin.once('end', resolve)
    process.stdin.once('error', resolve)
    process.stdin.resume()
  })
}

async function closeAll(stage: Stage, server: StageServer): Promise<void> {
  await server.close()
  await stage.close()
}

/** For whoever started this as a child: the address is the first line, the end of its pipe is the end. */
async function serve(): Promise<number> {
  const stage = new Stage()
  const server = await openStageServer(stage)
  say(JSON.stringify({ url: server.url }))
  const isUnwatched = untilUnwatched(new StoryClock(0), () => server.viewerCount())
  const ended = Promise.race([untilStopped(true), isUnwatched])
  await Promise.race([ended, Promise.all([stage.play(), stage.startOver()])])
  await ended
  await closeAll(stage, server)
  return 0
}

async function tell(style: TerminalStyle, isBrowserWanted: boolean): Promise<number> {
  const stage = new Stage()
  const isAttended = process.stdout.isTTY && (process.env['CI'] ?? '') === ''
  if (!isAttended) {
    const exitCode = await playInTerminal(stage, style)
    await stage.close()
    return exitCode
  }
  const ended = untilStopped(false)
  const server = await openStageServer(stage)
  const exitCode = await playInTerminal(stage, style)
  const started = stage.startOver()
  say(`\nThe same on a page, with buttons to press yourself: ${heading(server.url, style)}`)
  say('Ctrl-C ends it.')
  if (isBrowserWanted) openBrowser(server.url)
  await started
  await ended
  await closeAll(stage, server)
  return exitCode
}

async function main(): Promise<number> {
  const { json, browser, serve: isServing } = program.parse().opts<Options>()
  if (json === true) return playAsJson()
  if (isServing === true) return serve()
  const isTerminal = process.stdout.isTTY
  const style: TerminalStyle = {
    columns: process.stdout.columns ?? 100,
    isColoured: isTerminal && (process.env['NO_COLOR'] ?? '') === '',
  }
  return tell(style, browser)
}

process.exitCode = await main()
