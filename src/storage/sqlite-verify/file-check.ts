import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { CheckedJournal } from '../storage.ts'
import { openAsItIs } from '../sqlite-file/journal-file.ts'
import { JournalReader } from '../sqlite-file/journal-reader.ts'
import { customerSums, memberSums, rebuild, type SumOwner } from '../sqlite-sums/rebuild.ts'
import { verifyJournal, type Books } from './verify.ts'

/** Told how far it is, in entries. */
export type OnChecked = (done: number, total: number) => void

/**
 * Recomputes everything in a journal file that nobody uses, which stays as it is. Throws when it is no journal,
 * or cannot be read.
 */
export async function checkJournalFile(
  path: string,
  onChecked: OnChecked,
): Promise<CheckedJournal> {
  const pages = openAsItIs(path)
  const damage = integrityFaults(() => pages.prepare('PRAGMA integrity_check(10)').all())
  pages.close()
  const reader = new JournalReader(path, undefined, openAsItIs)
  try {
    const options = { isHealing: false, actor: 'system', onProgress: onChecked } as const
    const { report } = await verifyJournal(reader, new FileBooks(reader), options)
    return {
      position: reader.lastPosition(),
      lastEntryAtMs: reader.lastMs() ?? null,
      customerCount: report.customerCount,
      memberCount: report.memberCount,
      openHoldCount: report.openHoldCount,
      faults: [
        ...damage,
        ...report.faults,
        ...report.drifts.map(({ where }) => `sums of ${where}`),
      ],
    }
  } finally {
    reader.close()
  }
}

function integrityFaults(check: () => readonly object[]): readonly string[] {
  const found = check().map((row) => String(Object.values(row)[0]))
  return found.filter((text) => text !== 'ok')
}

/** Nothing of it is in memory, and nothing of it is healed. */
class FileBooks implements Books {
  readonly durablePosition: number
  readonly #reader: JournalReader

  constructor(reader: JournalReader) {
    this.#reader = reader
    this.durablePosition = reader.lastPosition()
  }

  warmText(): undefined {
    return undefined
  }

  async inspect(owner: SumOwner): ReturnType<Books['inspect']> {
    const request = { owner, until: this.durablePosition, checkCurrent: () => undefined }
    const { drifts } =
      owner.memberId === null
        ? await rebuild(this.#reader, customerSums, request)
        : await rebuild(this.#reader, memberSums, request)
    return drifts
  }

  recheck(owner: SumOwner): ReturnType<Books['recheck']> {
    return this.inspect(owner)
  }

  drop(): void {}
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
