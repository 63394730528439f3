type Shown = { readonly resetMs: number; readonly isUsed: boolean }

/** What members were shown when the clock jumped, in case that it is put back. */
type Mark = { readonly toMs: number; readonly shown: ReadonlyMap<string, Shown> }

/**
 * Resets in the headers of answers: one that was shown does not move later while it lies ahead. What a wrong clock
 * showed is withdrawn by its correction; what was shown before it, of windows that were used, holds again.
 */
export class ShownResets {
  #shown = new Map<string, Shown>()
  #marks: Mark[] = []
  #correctedAt = 0

  /** What moved; null when nothing did. */
  look(
    member: string,
    headers: ReadonlyMap<string, string>,
    { position, atMs }: { readonly position: number; readonly atMs: number },
  ): string | null {
    // An answer from before a correction that is looked at behind it.
    if (position < this.#correctedAt) return null
    let moved: string | null = null
    for (const [name, text] of headers) {
      const [, limitId] = /^x-plimsoll-limit-(.+)-reset$/.exec(name) ?? []
      if (limitId === undefined) continue
      const resetMs = Date.parse(text)
      const key = `${member} ${limitId}`
      const before = this.#shown.get(key)?.resetMs
      if (before !== undefined && atMs < before && resetMs > before) {
        moved = `${key}: ${before}, then ${resetMs}`
      }
      const used = headers.get(`x-plimsoll-limit-${limitId}-used`) ?? '0'
      this.#shown.set(key, { resetMs, isUsed: /[1-9]/.test(used) })
    }
    return moved
  }

  jump(toMs: number): void {
    this.#marks.push({ toMs, shown: new Map(this.#shown) })
  }

  correct(toMs: number, position: number): void {
    const undone = this.#marks.find((mark) => mark.toMs > toMs)
    this.#marks = this.#marks.filter((mark) => mark.toMs <= toMs)
    this.#correctedAt = position
    const held = [...(undone?.shown ?? [])].filter(([, { isUsed }]) => isUsed)
    this.#shown = new Map(held)
  }
}
