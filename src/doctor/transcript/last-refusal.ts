import { basename } from 'node:path'
import { projectFolderName } from './claude-folders.ts'
import type { Found, Search } from './find-transcripts.ts'
import { readSession, type SessionReading } from './session-reading.ts'

/** The session that was refused last, of all that there are. */
export type LastRefused = {
  readonly path: string | undefined
  readonly session: SessionReading | undefined
  /** When an answer came anywhere, after the refusal. */
  readonly answeredAtMs: number | undefined
  readonly looked: {
    readonly files: number
    /** Transcripts that were not asked for. */
    readonly others: number
    readonly unreadable: readonly string[]
  }
}

const tailBytes = 128 * 1024
const deepBytes = 16 * 1024 * 1024
const deepFiles = 6
const furtherBytes = 4 * 1024 * 1024
/** A transcript that was named is looked through much further. */
const namedBytes = 256 * 1024 * 1024
const dayMs = 24 * 60 * 60 * 1000

type Options = {
  readonly nowMs: number
  readonly sessionId?: string | undefined
  readonly workFolder?: string | undefined
}

export function findLastRefused({ transcripts }: Search, options: Options): LastRefused {
  const { sessionId, workFolder } = options
  const project = workFolder === undefined ? undefined : projectFolderName(workFolder)
  const asked = transcripts.filter(
    ({ path }) =>
      (sessionId === undefined || basename(path, '.jsonl').startsWith(sessionId)) &&
      (project === undefined || path.split(/[/\\]/).includes(project)),
  )
  const search = new RefusalSearch(options.nowMs)
  if (sessionId !== undefined) search.lookAt(asked, namedBytes)
  else {
    search.lookAt(asked, tailBytes)
    if (search.isEmpty()) search.lookAt(asked.slice(0, deepFiles), deepBytes)
  }
  search.lookFurtherBack()
  return search.result(transcripts.length - asked.length)
}

export function readNamed(path: string, { nowMs }: Options): LastRefused {
  const search = new RefusalSearch(nowMs)
  // Whoever names a file wants to hear what is wrong with it.
  const session = readSession(path, search.bounds({ path, writtenAtMs: nowMs }, namedBytes))
  return {
    path,
    session,
    answeredAtMs: answeredAfter(session),
    looked: { files: 1, others: 0, unreadable: [] },
  }
}

function answeredAfter({ refusal, answeredAtMs }: SessionReading): number | undefined {
  const refusedAtMs = refusal?.atMs
  if (answeredAtMs === undefined || refusedAtMs === undefined) return undefined
  return answeredAtMs > refusedAtMs ? answeredAtMs : undefined
}

class RefusalSearch {
  readonly #nowMs: number
  #best:
    | { readonly found: Found; readonly session: SessionReading; readonly atMs: number }
    | undefined
  #newest: { readonly found: Found; readonly session: SessionReading } | undefined
  #answeredAtMs = Number.NEGATIVE_INFINITY
  #files = 0
  readonly #unreadable: string[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  isEmpty(): boolean {
    return this.#best === undefined
  }

  lookAt(transcripts: readonly Found[], bytesMax: number): void {
    for (const found of transcripts) {
      // A file that was last written before a refusal holds none that is newer.
      if (this.#best !== undefined && found.writtenAtMs < this.#best.atMs) return
      const session = this.#read(found, bytesMax)
      if (session === undefined) continue
      this.#newest ??= { found, session }
      if (session.answeredAtMs !== undefined)
        this.#answeredAtMs = Math.max(this.#answeredAtMs, session.answeredAtMs)
      if (session.refusal === undefined) continue
      const atMs = session.refusal.atMs ?? found.writtenAtMs
      if (this.#best === undefined || atMs > this.#best.atMs) this.#best = { found, session, atMs }
    }
  }

  /** For the refused session's last answer: what the client notes of a few requests may fill the tail. */
  lookFurtherBack(): void {
    const best = this.#best
    if (best === undefined || best.session.answeredAtMs !== undefined) return
    try {
      const session = readSession(best.found.path, this.bounds(best.found, furtherBytes))
      if (session.refusal !== undefined) this.#best = { ...best, session }
    } catch {
      // What was read of it a moment ago stays.
    }
  }

  result(others: number): LastRefused {
    const chosen = this.#best ?? this.#newest
    const isAnswered = this.#best !== undefined && this.#answeredAtMs > this.#best.atMs
    return {
      path: chosen?.found.path,
      session: chosen?.session,
      answeredAtMs: isAnswered ? this.#answeredAtMs : undefined,
      looked: { files: this.#files, others, unreadable: this.#unreadable },
    }
  }

  bounds({ writtenAtMs }: Found, bytesMax: number): Parameters<typeof readSession>[1] {
    return { bytesMax, fallbackMs: writtenAtMs, latestMs: this.#nowMs + dayMs }
  }

  #read(found: Found, bytesMax: number): SessionReading | undefined {
    try {
      this.#files += 1
      return readSession(found.path, this.bounds(found, bytesMax))
    } catch {
      this.#unreadable.push(found.path)
      return undefined
    }
  }
}
