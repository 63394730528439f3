/**
 * The machine around the command line, for the commands that work without a server: what is piped in, who can be
 * asked, and other programs. Tests bring their own.
 */
export type Desktop = {
  /** A person sits at standard input and output. */
  readonly isAttended: boolean
  /** Standard input to its end; what goes beyond the bound is dropped. */
  readInput(bytesMax: number): Promise<string>
  /** One line from the person; empty when they just press Enter or the input ends. */
  ask(question: string): Promise<string>
  /** Runs a program without a shell. */
  run(program: string, args: readonly string[], options: RunOptions): Promise<Ran>
  /** Runs a line in the person's own shell, in this terminal; they wrote it themselves. */
  runLine(line: string, folder: string): Promise<number>
  /** The terminal's bell. */
  ring(): void
  /** Calls back on Ctrl-C instead of ending; the answer takes that back. */
  onInterrupt(callback: () => void): () => void
  /** Calls back when nobody reads standard output any more; the answer takes that back. */
  onOutputClosed(callback: () => void): () => void
  /** Keeps the process alive while only timers are waited for; the answer ends that. */
  stayAwake(): () => void
}

export type RunOptions = {
  readonly timeoutMs: number
  readonly folder?: string
  readonly outputMax?: number
}

/** Undefined as a code: it could not be started, or ran too long. */
export type Ran = { readonly code: number | undefined; readonly output: string }
