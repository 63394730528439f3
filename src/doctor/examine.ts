import type { Evidence, Figure, Refusal } from './verdict/evidence.ts'
import { note } from './verdict/case.ts'
import { judge } from './verdict/judge.ts'
import { otherService } from './other-service.ts'
import type { Machine } from './state-folder.ts'
import { stepsFor, type Step } from './steps.ts'
import { configFolders } from './transcript/claude-folders.ts'
import { findTranscripts } from './transcript/find-transcripts.ts'
import { findLastRefused, readNamed } from './transcript/last-refusal.ts'
import { readRecords, type SessionReading } from './transcript/session-reading.ts'
import type { Verdict } from './verdict/verdict.ts'

/** What was found on this machine, before anything is judged. */
export type Finding = {
  readonly path: string | undefined
  readonly session: SessionReading | undefined
  /** An answer that came after the refusal, in whatever session. */
  readonly answeredAtMs: number | undefined
  readonly looked: Looked
}

export type Looked = {
  readonly folders: readonly string[]
  readonly files: number
  /** Where only sessions of one folder were asked for: that folder, and how many transcripts are of others. */
  readonly ofFolder?: { readonly folder: string; readonly others: number }
  readonly unreadable: readonly string[]
  /** Links, pipes and devices among the transcripts. */
  readonly refused: readonly string[]
}

export type Where =
  | {
      readonly kind: 'machine'
      readonly machine: Machine
      /** The beginning of a session's id. */
      readonly sessionId: string | undefined
      /** Only sessions that ran in this folder. */
      readonly workFolder: string | undefined
    }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string }

const dayMs = 24 * 60 * 60 * 1000

export function findRefusal(where: Where, nowMs: number): Finding {
  switch (where.kind) {
    case 'text': {
      const reading = { fallbackMs: nowMs, latestMs: nowMs + dayMs }
      const session = readRecords(where.text, reading)
      const looked = { folders: [], files: 1, unreadable: [], refused: [] }
      return { path: undefined, session, answeredAtMs: undefined, looked }
    }
    case 'file': {
      const { looked, ...found } = readNamed(where.path, { nowMs })
      const { files, unreadable } = looked
      return { ...found, looked: { folders: [], files, unreadable, refused: [] } }
    }
    case 'machine': {
      const folders = configFolders(where.machine)
      const search = findTranscripts(folders)
      const { looked, ...found } = findLastRefused(search, { nowMs, ...where })
      const { files, others } = looked
      const unreadable = [...search.unreadable, ...looked.unreadable]
      const folder = where.workFolder
      const ofFolder = folder === undefined ? {} : { ofFolder: { folder, others } }
      return {
        ...found,
        looked: { folders, files, ...ofFolder, unreadable, refused: search.refused },
      }
    }
  }
}

export type Examination = {
  readonly atMs: number
  readonly refusal: Refusal | undefined
  readonly answeredAtMs: number | undefined
  readonly figures: readonly Figure[]
  readonly verdict: Verdict
  readonly steps: readonly Step[]
}

export type Told = {
  /** Read by the person, or asked of a gateway: beside what the client kept. */
  readonly figures: readonly Figure[]
  readonly nowMs: number
  readonly baseUrl: string | undefined
  readonly program: string
}

export function examine(finding: Finding, told: Told): Examination {
  const { nowMs } = told
  const refusal = finding.session?.refusal
  const found = [...(finding.session?.figures ?? []), ...told.figures]
  const figures = newestOfEach(found.map((figure) => asOfLastAnswer(figure, finding.session)))
  const evidence: Evidence = { refusal, figures, nowMs }
  const verdict = withService(judge(evidence), otherService(refusal, told.baseUrl)?.why)
  const answeredAtMs = isOfOneModel(verdict) ? undefined : finding.answeredAtMs
  const isAnswered = answeredAtMs !== undefined
  const { baseUrl, program } = told
  const steps = stepsFor({ verdict, refusal, figures, isAnswered, baseUrl, program })
  return { atMs: nowMs, refusal, answeredAtMs, figures, verdict, steps }
}

function withService(verdict: Verdict, why: string | undefined): Verdict {
  if (why === undefined || verdict.decisionId !== undefined) return verdict
  return { ...verdict, evidence: [...verdict.evidence, note('note', why)] }
}

/** The refused session itself went on. Another's answer may have been under way already when this one was refused. */
export const hasGoneOn = ({ session }: Finding): boolean =>
  session?.answeredAtMs !== undefined && session.answeredAtMs > (session.refusal?.atMs ?? Infinity)

/** While a limit of one model lasts, answers of the others say nothing about it. */
const isOfOneModel = ({ limit }: Verdict): boolean =>
  limit?.isOver === false && (limit.window === 'week_opus' || limit.window === 'week_sonnet')

/** A status line is written again and again, and shows what its session heard with its last answer. */
function asOfLastAnswer(figure: Figure, session: SessionReading | undefined): Figure {
  const refusal = session?.refusal
  if (figure.sessionId === undefined || figure.sessionId !== refusal?.sessionId) return figure
  const answeredAtMs = session?.answeredAtMs
  // No answer is known, so neither is the time: it counts like another session's.
  if (answeredAtMs === undefined) return { ...figure, sessionId: '' }
  return { ...figure, atMs: Math.min(figure.atMs, answeredAtMs) }
}

/** Of each name and source the newest; the same number told ten times is one figure. */
function newestOfEach(figures: readonly Figure[]): readonly Figure[] {
  const kept = new Map<string, Figure>()
  for (const figure of figures) {
    const key = `${figure.name} ${figure.source.kind} ${figure.source.what}`
    const other = kept.get(key)
    if (other === undefined || figure.atMs > other.atMs) kept.set(key, figure)
  }
  return [...kept.values()]
}
