import { statfs } from 'node:fs/promises'
import type { Clock } from '../../system/clock.ts'
import type { Quarantine } from '../quarantine.ts'
import type { StorageHealth, StorageProblem } from '../storage.ts'
import type { DamageList } from '../sqlite-file/damage-list.ts'
import { logBytesMax, type LogFacts } from '../sqlite-log/log-keeper.ts'
import type { Verified } from './verify.ts'

/** Below this much free space a person should look: the journal stops when nothing is left. */
export const diskLowBytes = 256 * 1024 * 1024

/** Gathers what `health` shows. */
export class StorageCheckUp {
  readonly #folder: string
  readonly #clock: Clock
  readonly #damage: DamageList
  readonly #quarantine: Quarantine
  #lastVerify: StorageHealth['lastVerify'] = null

  constructor(options: {
    readonly folder: string
    readonly clock: Clock
    readonly damage: DamageList
    readonly quarantine: Quarantine
  }) {
    this.#folder = options.folder
    this.#clock = options.clock
    this.#damage = options.damage
    this.#quarantine = options.quarantine
  }

  noteVerify({ report, isSound }: Verified): void {
    const { faults, drifts } = report
    this.#lastVerify = {
      atMs: this.#clock.wallMs(),
      faultCount: faults.length,
      driftCount: drifts.length,
    }
    this.#damage.replaceFaults(faults)
    this.#quarantine.lift(isSound)
  }

  async facts(now: {
    readonly log: LogFacts
    /** Since when the journal cannot be written; null while it can. */
    readonly awaySinceMs: number | null
    readonly lastBackup: StorageHealth['lastBackup']
  }): Promise<StorageHealth> {
    const { log, awaySinceMs, lastBackup } = now
    const diskFreeBytes = await freeBytes(this.#folder)
    return {
      logBytes: log.logBytes,
      logBytesMax,
      lastCheckpointAtMs: log.lastCopiedAtMs,
      diskFreeBytes,
      lastBackup,
      lastVerify: this.#lastVerify,
      problems: [
        ...awayProblem(awaySinceMs),
        ...this.#damage.problems(),
        ...this.#quarantine.problems(),
        ...logProblems(log),
        ...diskProblem(diskFreeBytes),
      ],
    }
  }
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

function awayProblem(sinceMs: number | null): readonly StorageProblem[] {
  if (sinceMs === null) return []
  return [
    {
      name: 'journal-away',
      message: 'The journal cannot be written; every request is answered with limits_unavailable.',
      remedy:
        'Make room on the disk, or mend it. Serving goes on by itself, without a start, as soon as it can be written.',
      sinceMs,
    },
  ]
}

function logProblems({ tooLongSinceMs, isErasureOpen }: LogFacts): readonly StorageProblem[] {
  const reader = 'Find the program that reads journal.db for long (lsof names it), and end it.'
  const problems: StorageProblem[] = []
  if (tooLongSinceMs !== null) {
    const message = `The log of the journal is longer than ${mib(logBytesMax)}: something has read an old state of it for long.`
    problems.push({ name: 'log-too-long', message, remedy: reader, sinceMs: tooLongSinceMs })
  }
  if (isErasureOpen) {
    const message =
      'What was erased still stands in the log of the journal, because something reads an old state of it.'
    problems.push({ name: 'erasure-open', message, remedy: reader, sinceMs: null })
  }
  return problems
}

function diskProblem(free: number | null): readonly StorageProblem[] {
  if (free === null || free >= diskLowBytes) return []
  return [
    {
      name: 'disk-low',
      message: `Only ${mib(free)} are left on the disk of the data folder.`,
      remedy: 'Make room before nothing is left: then nobody is served until there is.',
      sinceMs: null,
    },
  ]
}

const mib = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`
