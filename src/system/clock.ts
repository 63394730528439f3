/** The outside world's time, as a value that tests replace. Nothing else in `src/` reads a clock or sets a timer. */
export interface Clock {
  /** Wall time in UTC milliseconds. It may step; the clock of record (storage) is built to withstand that. */
  wallMs(): number
  /** Milliseconds that passed since some fixed moment of this process; never steps back. */
  elapsedMs(): number
  /** Calls back once after `delayMs`; the answer cancels it. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void
}
