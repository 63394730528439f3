import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { examine, findRefusal, type Examination } from '../../doctor/examine.ts'
import { countdown, momentTyped, waitUntil, type WaitEnd } from '../../doctor/wait-until.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { programName } from '../command-text.ts'
import { figuresKept } from '../doctor/given.ts'
import { notify } from '../doctor/notify.ts'
import { probe, probeCost } from '../doctor/probe.ts'
import { exitCodes, wrongUse } from '../exit-codes.ts'
import { readWholeNumber } from '../flag-values.ts'
import { momentWithDistance } from '../moments.ts'
import { safeText, wrap } from '../terminal.ts'

type Options = {
  readonly until?: string
  readonly probe?: boolean
  readonly client: string
  readonly then?: string
  readonly notification: boolean
  readonly bell: boolean
  readonly maxHours: number
}

/** `plimsoll wait`: until the limit has reset, or a refusal that was false is over. */
export function addWaitCommand(program: Command, cli: CommandLine): void {
  program
    .command('wait')
    .description(
      'wait until the limit resets, or the refusal is over; then ring, notify or run a command',
    )
    .option('--until <moment>', 'wait for this one: 90m, 2h, or 2026-11-28T21:06:00Z')
    .option(
      '--probe',
      'let your own client send one small request to see whether it is over; costs about a cent',
    )
    .option('--client <program>', 'the client for --probe', 'claude')
    .option(
      '--then <command>',
      "a line for your shell when it is over, such as 'claude --continue'",
    )
    .option('--no-notification', 'no desktop notification')
    .option('--no-bell', 'no bell')
    .option('--max-hours <hours>', 'give up after so many hours', readWholeNumber, 24 * 8)
    .addHelpText('after', "\nExample:\n  npm run plimsoll -- wait --then 'claude --continue'")
    .action((options: Options, command: Command) =>
      cli.runAnyway(command, (context) => runWait(options, context)),
    )
}

const interruptedCode = 130
const minuteMs = 60_000
const probesMax = 20
/** To the beginning of the line, and it is empty. */
const wipe = '\r\u001b[K'

async function runWait(options: Options, context: CommandContext): Promise<void> {
  const endAwake = context.desktop.stayAwake()
  let interrupt = (): void => undefined
  const interrupted = new Promise<void>((resolve) => (interrupt = resolve))
  const endListening = context.desktop.onInterrupt(interrupt)
  try {
    const found = look(context)
    const end = await waitFor(options, found, { context, interrupted })
    await tell(end, { ...options, folder: folderOf(found, context) }, context)
  } finally {
    endListening()
    endAwake()
  }
}

type Parts = { readonly context: CommandContext; readonly interrupted: Promise<void> }
type End = {
  readonly outcome: 'over' | 'gave_up' | 'interrupted'
  readonly why: string
  readonly probes: number
}

async function waitFor(
  options: Options,
  found: Looked,
  { context, interrupted }: Parts,
): Promise<End> {
  const nowMs = context.clock.wallMs()
  const giveUpMs = nowMs + options.maxHours * 60 * minuteMs
  if (options.until === undefined && found.refusal === undefined) {
    throw wrongUse(
      'No refusal was found, so there is nothing to wait for.',
      `Or name a moment: ${programName} wait --until 2h`,
    )
  }
  const untilMs = targetOf(options, found, nowMs)
  const refusedAtMs = found.refusal?.atMs ?? nowMs
  const seen = {
    context,
    interrupted,
    refusedAtMs,
    sinceMs: Math.min(nowMs, refusedAtMs + underWayMs),
  }
  if (untilMs !== undefined) {
    say(
      context,
      `Waiting until ${momentWithDistance(untilMs, context.reader(nowMs))}. Ctrl-C ends it.`,
    )
    const end = await waitTo(Math.min(untilMs, giveUpMs), seen)
    if (end.kind === 'interrupted') return { outcome: 'interrupted', why: 'interrupted', probes: 0 }
    const step = stepText(end)
    if (end.kind === 'stopped') return { outcome: 'over', why: `an answer came${step}`, probes: 0 }
    if (untilMs > giveUpMs)
      return { outcome: 'gave_up', why: 'the longest wait is over', probes: 0 }
    if (options.probe !== true)
      return { outcome: 'over', why: `the moment has come${step}`, probes: 0 }
  } else if (options.probe !== true) {
    say(
      context,
      'No reset is known. This waits until an answer shows up in any session; with --probe it also tries by itself.',
    )
  }
  return probeUntil(options, { ...seen, giveUpMs })
}

function targetOf(options: Options, { verdict }: Examination, nowMs: number): number | undefined {
  if (options.until === undefined) return verdict.limit?.resetsAtMs
  const untilMs = momentTyped(options.until, nowMs)
  if (untilMs !== undefined) return untilMs
  throw wrongUse(
    '--until takes 90m, 2h or a moment such as 2026-11-28T21:06:00Z.',
    'Leave it out to wait for the reset that the refusal names.',
  )
}

type Looked = Examination & { readonly workFolder: string | undefined }

/** What is run when it is over continues the refused session, and belongs where that one ran. */
function folderOf({ workFolder, refusal }: Looked, { folder }: CommandContext): string {
  if (refusal === undefined || workFolder === undefined) return folder
  const isThere = statSync(workFolder, { throwIfNoEntry: false })?.isDirectory() === true
  return isThere ? workFolder : folder
}

function look(context: CommandContext): Looked {
  const { clock, machine } = context
  const nowMs = clock.wallMs()
  const where = { kind: 'machine', machine, sessionId: undefined, workFolder: undefined } as const
  const baseUrl = machine.environment['ANTHROPIC_BASE_URL']
  const finding = findRefusal(where, nowMs)
  const figures = figuresKept(finding, context)
  const found = examine(finding, { figures, nowMs, baseUrl, program: programName })
  return { ...found, workFolder: finding.session?.place.workFolder }
}

/** Other sessions' requests that were under way at the refusal are answered within this, and end nothing. */
const underWayMs = 15 * minuteMs

/** `sinceMs`: from when on an answer counts. */
type Seen = Parts & { readonly refusedAtMs: number; readonly sinceMs: number }

/** Transcripts are looked at twice a minute: the person may have gone on in another window. */
const lookEveryMs = 30_000

async function waitTo(
  untilMs: number,
  { context, interrupted, refusedAtMs, sinceMs }: Seen,
): Promise<WaitEnd> {
  const { terminal, clock, isJson } = context
  const isLive = terminal.isWatched && !isJson
  let lookedAtMs = clock.elapsedMs()
  const end = await waitUntil({
    clock,
    untilMs,
    interrupted,
    tickMs: isLive ? 1_000 : lookEveryMs,
    onTick: (leftMs) => {
      if (isLive) terminal.writeError(`${wipe}${countdown(leftMs)} left `)
    },
    isStopped: () => {
      if (clock.elapsedMs() - lookedAtMs < lookEveryMs) return false
      lookedAtMs = clock.elapsedMs()
      return hasAnswerSince({ refusedAtMs, sinceMs }, context)
    },
  })
  if (isLive) terminal.writeError(wipe)
  return end
}

function hasAnswerSince(
  { refusedAtMs, sinceMs }: Pick<Seen, 'refusedAtMs' | 'sinceMs'>,
  context: CommandContext,
): boolean {
  const { refusal, answeredAtMs = 0 } = look(context)
  return answeredAtMs > sinceMs && (refusal?.atMs ?? 0) <= refusedAtMs
}

const stepText = ({ clockStepMs }: WaitEnd): string =>
  clockStepMs === 0
    ? ''
    : `; this machine's clock was set by ${countdown(Math.abs(clockStepMs))} meanwhile`

/** Probes with growing pauses, and never more than twenty. */
async function probeUntil(
  { probe: isAllowed, client }: Options,
  seen: Seen & { readonly giveUpMs: number },
): Promise<End> {
  const { context, giveUpMs } = seen
  if (isAllowed === true) say(context, probeCost)
  let pauseMs = 5 * minuteMs
  for (let probes = 0; ;) {
    if (isAllowed === true) {
      probes += 1
      const result = await probe(client, context)
      if (result.kind === 'answered')
        return { outcome: 'over', why: 'the probe was answered', probes }
      if (result.kind === 'failed') {
        throw wrongUse(`The client ${client} could not be run.`, 'Name it: --client <program>')
      }
      say(context, `Still refused: ${safeText(result.message.split('\n')[0] ?? '')}`)
      if (probes >= probesMax) return { outcome: 'gave_up', why: 'refused twenty times', probes }
    }
    const nextMs = Math.min(context.clock.wallMs() + pauseMs, giveUpMs)
    const end = await waitTo(nextMs, seen)
    if (end.kind === 'interrupted') return { outcome: 'interrupted', why: 'interrupted', probes }
    if (end.kind === 'stopped') return { outcome: 'over', why: 'an answer came', probes }
    if (context.clock.wallMs() >= giveUpMs) {
      return { outcome: 'gave_up', why: 'the longest wait is over', probes }
    }
    pauseMs = Math.min(pauseMs * 2, 30 * minuteMs)
  }
}

function say({ terminal, isJson }: CommandContext, text: string): void {
  if (!isJson) terminal.write(`${wrap(text, terminal.columns)}\n`)
}

async function tell(
  end: End,
  options: Options & { readonly folder: string },
  context: CommandContext,
): Promise<void> {
  const { terminal, desktop } = context
  const words = { over: 'It is over', gave_up: 'Given up', interrupted: 'Ended' }[end.outcome]
  context.say(end, () => `${words}: ${end.why}.`)
  if (end.outcome === 'interrupted') return context.endWith(interruptedCode)
  if (options.bell && terminal.isWatched) desktop.ring()
  if (options.notification)
    await notify(
      end.outcome === 'over'
        ? 'It is over. Your prompt can be sent again.'
        : 'Given up: still refused.',
      context,
    )
  if (end.outcome === 'gave_up') return context.endWith(exitCodes.failed)
  if (options.then === undefined) return
  if (!context.isJson) terminal.write(`In ${safeText(options.folder)}: ${safeText(options.then)}\n`)
  context.endWith(await desktop.runLine(options.then, options.folder))
}
