/** After the last fault the server may need so long until it serves again: its longest wait between two tries, twice. */
const afterMaxMs = 20_000
/** A disk that needs longer than this for one order may let a commit run out of its time. */
export const slowOrderMs = 5000

/**
 * When answers may say that limits are unavailable: while the disk fails or no process serves, and so long after. At
 * any other time nobody may be told so.
 */
export class Outage {
  readonly #nowMs: () => number
  #untilMs = -Infinity

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get isFelt(): boolean {
    return this.#nowMs() <= this.#untilMs
  }

  /** Something is wrong now, and stays so for a while. */
  note(lastsMs = 0): void {
    this.#untilMs = Math.max(this.#untilMs, this.#nowMs() + lastsMs + afterMaxMs)
  }

  /** What was about to happen when the machine fell asleep happens after it. */
  sleep(ms: number): void {
    if (this.isFelt) this.#untilMs += ms
  }
}
