import { statSync } from 'node:fs'
import type { Figure, Refusal } from '../verdict/evidence.ts'
import { objectsIn } from './json-fields.ts'
import { linesFromEnd } from './lines-from-end.ts'
import { factsOf, type Place, type Reading, type RecordFacts } from './record-facts.ts'

/** What one session has to say, read from its end. */
export type SessionReading = {
  readonly refusal: Refusal | undefined
  readonly figures: readonly Figure[]
  readonly lastPrompt: string | undefined
  /** Typed while the client was busy, and never sent. */
  readonly queuedPrompts: readonly string[]
  /** When the newest answer came. */
  readonly answeredAtMs: number | undefined
  readonly place: Place
  /** At least one record of the client was found. */
  readonly isTranscript: boolean
}

const figuresMax = 40
const queuedMax = 20
/** Past the refusal and the prompt, so much is read for figures and a prompt that is not cut. */
const contextLinesMax = 400

export class SessionReader {
  readonly #reading: Reading
  #refusal: Refusal | undefined
  readonly #figures: Figure[] = []
  #noted: string | undefined
  #prompt: string | undefined
  readonly #queued: string[] = []
  #taken = 0
  #answeredAtMs: number | undefined
  #hasAnswer = false
  #place: Place = {
    sessionId: undefined,
    clientVersion: undefined,
    entrypoint: undefined,
    workFolder: undefined,
  }
  #records = 0
  #linesSince = 0
  #isQuotaSettled = false

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** Lines come from the newest to the oldest. True when nothing older can matter. */
  readOlder(line: string): boolean {
    for (const record of [...objectsIn(line)].reverse()) this.#add(factsOf(record, this.#reading))
    if (this.#refusal !== undefined && this.#prompt !== undefined) this.#linesSince += 1
    return this.#linesSince > contextLinesMax
  }

  reading(): SessionReading {
    return {
      refusal: this.#refusal,
      figures: this.#figures,
      lastPrompt: this.#wholePrompt(),
      queuedPrompts: this.#queued.toReversed(),
      answeredAtMs: this.#answeredAtMs,
      place: this.#place,
      isTranscript: this.#records > 0,
    }
  }

  #add(facts: RecordFacts): void {
    const { refusal, figures, prompt, queue, place } = facts
    if (Object.keys(facts).length > 2) this.#records += 1
    this.#place = {
      sessionId: this.#place.sessionId ?? place.sessionId,
      clientVersion: this.#place.clientVersion ?? place.clientVersion,
      entrypoint: this.#place.entrypoint ?? place.entrypoint,
      workFolder: this.#place.workFolder ?? place.workFolder,
    }
    if (refusal !== undefined) this.#addRefusal(refusal)
    if (figures !== undefined && this.#figures.length < figuresMax) this.#figures.push(...figures)
    // The client writes its note when a turn ends: one that is older than a prompt is of the turn before.
    if (!this.#hasPrompt()) this.#noted ??= facts.lastPrompt
    this.#prompt ??= prompt
    this.#addQuota(facts)
    if (facts.isAnswer === true) {
      this.#hasAnswer = true
      this.#answeredAtMs ??= facts.atMs
    }
    if (queue?.isAdded === false) this.#taken += 1
    else if (queue !== undefined) this.#addQueued(queue.prompt)
  }

  #addRefusal(refusal: Refusal): void {
    const newer = this.#refusal
    if (newer === undefined) {
      // A retry that was answered in the end is no refusal.
      if (!refusal.isRetrying || !this.#hasAnswer) this.#refusal = refusal
    } else if (newer.text === refusal.text && newer.requestId === undefined && !this.#hasPrompt()) {
      // A stream tells a failure twice; the first record has more of it.
      this.#refusal = withGapsFilled(newer, refusal)
    }
  }

  /** Only the nearest one before the refusal counts, and none from before an answer. */
  #addQuota({ quota, isAnswer }: RecordFacts): void {
    const refusal = this.#refusal
    if (refusal === undefined || this.#isQuotaSettled) return
    if (quota === undefined && isAnswer !== true) return
    this.#isQuotaSettled = true
    if (quota?.status === 'rejected') this.#refusal = { ...refusal, quota: refusal.quota ?? quota }
  }

  #hasPrompt(): boolean {
    return this.#prompt !== undefined
  }

  #addQueued(prompt: string | undefined): void {
    if (this.#taken > 0) {
      this.#taken -= 1
      // It was sent, and nothing newer stands after it.
      if (this.#noted === undefined) this.#prompt ??= prompt
    } else if (prompt !== undefined && this.#queued.length < queuedMax) this.#queued.push(prompt)
  }

  /** A note of the client is newer than the person's record here, but may be cut; the record is whole. */
  #wholePrompt(): string | undefined {
    const [noted, prompt] = [this.#noted, this.#prompt]
    if (noted === undefined || prompt === undefined) return prompt ?? noted
    const beginning = noted.replace(/(…|\.\.\.)$/, '').slice(0, 80)
    return prompt.replaceAll(/\s+/g, ' ').startsWith(beginning.replaceAll(/\s+/g, ' '))
      ? prompt
      : noted
  }
}

function withGapsFilled(newer: Refusal, older: Refusal): Refusal {
  const known = Object.entries(newer).filter(([, value]) => value !== undefined)
  return { ...older, ...Object.fromEntries(known) }
}

export function readSession(
  path: string,
  options: { readonly bytesMax: number; readonly fallbackMs: number; readonly latestMs: number },
): SessionReading {
  return readLines(linesFromEnd(path, options), options)
}

/** The same for what was piped in: a stream of the client, or any of its records. */
export function readRecords(text: string, reading: Reading): SessionReading {
  const lines = text.split('\n').reverse()
  return readLines(
    lines.map((line) => line.trim()),
    reading,
  )
}

const statusLineBytesMax = 1024 * 1024

/** The figures that the client handed to a status line, from a file in which they were kept. */
export function readStatusLine(path: string, nowMs: number): readonly Figure[] {
  const { mtimeMs } = statSync(path)
  const options = { bytesMax: statusLineBytesMax, fallbackMs: mtimeMs, latestMs: nowMs }
  const lines = [...linesFromEnd(path, options)]
  const { figures } = readLines(lines, options)
  // A person may have kept it in more lines than one.
  return figures.length > 0 ? figures : readLines([lines.reverse().join(' ')], options).figures
}

/** From the newest to the oldest. */
function readLines(lines: Iterable<string>, reading: Reading): SessionReading {
  const reader = new SessionReader(reading)
  for (const line of lines) if (reader.readOlder(line)) break
  return reader.reading()
}
