import type { Figure } from '../../doctor/verdict/evidence.ts'
import { examine, findRefusal } from '../../doctor/examine.ts'
import type { CommandContext } from '../command-line.ts'
import { programName } from '../command-text.ts'
import { doctorJson } from './doctor-json.ts'
import { caseText, type Page } from './doctor-text.ts'
import { figuresKept } from './given.ts'
import { notify } from './notify.ts'
import { rescueFiles } from './rescue.ts'

const lookEveryMs = 2_000
/** Looking takes at most so small a part of the time, however many transcripts there are. */
const shareOfTime = 20

/** `doctor --watch`: follows the transcripts until Ctrl-C, and speaks up at each new refusal. */
export async function watch(
  figures: readonly Figure[],
  context: CommandContext,
  isKeeping: boolean,
): Promise<void> {
  const { clock, desktop, terminal, isJson } = context
  const endAwake = desktop.stayAwake()
  let isOver = false
  const over = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true
      resolve()
    }
    desktop.onInterrupt(end)
    desktop.onOutputClosed(end)
  })
  if (!isJson) terminal.write('Watching the transcripts. Ctrl-C ends it.\n')
  let seenMs = clock.wallMs()
  try {
    for (;;) {
      const startMs = clock.elapsedMs()
      seenMs = await lookOnce({ figures, sinceMs: seenMs, isKeeping }, context)
      const tookMs = clock.elapsedMs() - startMs
      const pauseMs = Math.max(lookEveryMs, tookMs * shareOfTime)
      await Promise.race([over, new Promise<void>((resolve) => void clock.after(pauseMs, resolve))])
      if (isOver) return
    }
  } finally {
    endAwake()
  }
}

type Looking = {
  readonly figures: readonly Figure[]
  readonly sinceMs: number
  readonly isKeeping: boolean
}

/** The time of the newest refusal that was told. */
async function lookOnce(
  { figures, sinceMs, isKeeping }: Looking,
  context: CommandContext,
): Promise<number> {
  const { clock, machine, terminal, isJson } = context
  const nowMs = clock.wallMs()
  const where = { kind: 'machine', machine, sessionId: undefined, workFolder: undefined } as const
  const finding = findRefusal(where, nowMs)
  const atMs = finding.session?.refusal?.atMs
  const isNew =
    atMs !== undefined && atMs > sinceMs && finding.session?.refusal?.isRetrying === false
  if (!isNew) return sinceMs
  const found = examine(finding, {
    figures: [...figuresKept(finding, context), ...figures],
    nowMs,
    baseUrl: machine.environment['ANTHROPIC_BASE_URL'],
    program: programName,
  })
  const checkpoint = isKeeping ? await rescueFiles(finding, context, 'found') : undefined
  if (isJson) {
    terminal.write(
      `${JSON.stringify(doctorJson(finding, found, { checkpoint: checkpoint ?? null }))}\n`,
    )
  } else {
    const page: Page = { terminal, reader: context.reader(nowMs) }
    const kept =
      checkpoint?.kind === 'taken' ? `Files kept: checkpoint ${checkpoint.checkpoint.id}.\n` : ''
    terminal.write(`\n${kept}${caseText(finding, found, page)}\n`)
  }
  await notify('Your client was refused. The doctor has looked at it.', context)
  return atMs
}
