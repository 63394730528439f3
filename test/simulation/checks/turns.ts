import type { Reply } from '../people/client.ts'

type Answered = Extract<Reply, { kind: 'answer' }>
export type Asked = { readonly member: string; readonly model: string; readonly sinceMs: number }
type Admitted = Asked & { readonly position: number }

/** A request waits so long for room that others keep. */
const waitMaxMs = 2000
const keptMax = 64

/**
 * First come, first served: while one waits for room in its plan, nobody of the same member and model who asked later
 * is let in before it.
 */
export class Turns {
  readonly #admitted: Admitted[] = []

  /** What is wrong with an answer that came just now; null when nothing is. */
  look({ status, headers, body }: Answered, asked: Asked, nowMs: number): string | null {
    const position = Number(headers.get('x-plimsoll-position'))
    if (status === 200 && headers.get('x-plimsoll-source') === 'plan') {
      this.#admitted.push({ ...asked, position })
      if (this.#admitted.length > keptMax) this.#admitted.shift()
      return null
    }
    if (status !== 429 || !body.includes('"error_code":"reserved"')) return null
    // It has waited until now, and so stood in the line when these asked.
    const passer = this.#admitted.find(
      (other) =>
        other.member === asked.member &&
        other.model === asked.model &&
        other.sinceMs > Math.max(asked.sinceMs, nowMs - waitMaxMs) &&
        other.position <= position,
    )
    if (passer === undefined) return null
    const { member, model, sinceMs } = passer
    return `${member} with ${model}, who asked at ${sinceMs}, passes the one who asked at ${asked.sinceMs}`
  }
}
