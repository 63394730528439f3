import type { DiskEvent } from './disk-trace.ts'
import type { Promised } from './promises.ts'

type Draw = (below: number) => number

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number }

type File = { durable: Buffer; pending: Change[] }

type NameChange = { readonly name: string; readonly file: File | undefined }

/** The smallest piece that a disk writes whole. */
const sector = 512

/** What the power took: each in its turn, so that every kind is tried. */
export const lossKinds = [
  'all that was not synced is lost',
  'any sectors that were not synced are lost',
  'the oldest unsynced writes are lost, the newest are there',
  'the last unsynced write is torn',
  'nothing is lost',
] as const
export type LossKind = (typeof lossKinds)[number]

/**
 * A disk that keeps what was synced and, of the rest, whatever chance keeps: single sectors, in any order. A file's
 * name is kept once its folder was synced.
 */
export class LossyDisk {
  readonly promises: Promised[] = []
  readonly #names = new Map<string, File>()
  readonly #durableNames = new Map<string, File>()
  #pendingNames: NameChange[] = []
  #isFolderDurable = false

  take(event: DiskEvent): void {
    switch (event.kind) {
      case 'promise':
        this.promises.push(...event.promises)
        return
      case 'sync parent':
        this.#isFolderDurable = true
        return
      case 'sync folder':
        for (const change of this.#pendingNames) rename(this.#durableNames, change)
        this.#pendingNames = []
        return
      case 'create':
        this.#setName({ name: event.name, file: { durable: Buffer.alloc(0), pending: [] } })
        return
      case 'unlink':
        this.#setName({ name: event.name, file: undefined })
        return
      case 'sync': {
        const file = this.#file(event.name)
        for (const change of file.pending) file.durable = changed(file.durable, change)
        file.pending = []
        return
      }
      default:
        this.#file(event.name).pending.push(event)
    }
  }

  /** The files after the power was gone; none at all when even their folder was not safe. */
  lose(kind: LossKind, draw: Draw): ReadonlyMap<string, Buffer> {
    const isAll = kind === 'nothing is lost'
    if (!this.#isFolderDurable && !isAll) return new Map()
    const names = new Map(this.#durableNames)
    for (const change of this.#pendingNames) if (isAll || draw(2) === 1) rename(names, change)
    return new Map([...names].map(([name, file]) => [name, contentOf(file, kind, draw)]))
  }

  #setName(change: NameChange): void {
    rename(this.#names, change)
    this.#pendingNames.push(change)
  }

  #file(name: string): File {
    const file = this.#names.get(name)
    if (file === undefined) throw new Error(`${name} was written before it was made`)
    return file
  }
}

function rename(names: Map<string, File>, { name, file }: NameChange): void {
  if (file === undefined) names.delete(name)
  else names.set(name, file)
}

function contentOf({ durable, pending }: File, kind: LossKind, draw: Draw): Buffer {
  const kept = (): readonly Change[] => {
    switch (kind) {
      case 'all that was not synced is lost':
        return []
      case 'nothing is lost':
        return pending
      case 'the oldest unsynced writes are lost, the newest are there':
        return pending.slice(draw(pending.length + 1))
      case 'the last unsynced write is torn': {
        const whole = pending.slice(0, draw(pending.length + 1))
        return whole.flatMap((change, index) =>
          index === whole.length - 1 ? sectorsOf(change, draw) : [change],
        )
      }
      case 'any sectors that were not synced are lost':
        return pending.flatMap((change) => sectorsOf(change, draw))
    }
  }
  return kept().reduce(changed, durable)
}

/** The sectors of a change that reached the disk. */
function sectorsOf(change: Change, draw: Draw): readonly Change[] {
  if (change.kind === 'truncate') return draw(2) === 1 ? [change] : []
  const { at, bytes } = change
  const pieces: Change[] = []
  for (let from = 0; from < bytes.length;) {
    const until = Math.min(bytes.length, from + sector - ((at + from) % sector))
    if (draw(2) === 1)
      pieces.push({ kind: 'write', at: at + from, bytes: bytes.subarray(from, until) })
    from = until
  }
  return pieces
}

function changed(content: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') {
    const result = Buffer.alloc(change.size)
    content.copy(result, 0, 0, Math.min(content.length, change.size))
    return result
  }
  const { at, bytes } = change
  const result = Buffer.alloc(Math.max(content.length, at + bytes.length))
  content.copy(result)
  bytes.copy(result, at)
  return result
}
