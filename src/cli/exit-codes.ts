/** How a command ends; scripts rely on these numbers. `docs/cli.md` lists them. */
export const exitCodes = {
  ok: 0,
  /** The server understood and said no, or failed. */
  failed: 1,
  /** The command line was not understood; nothing was sent. */
  wrongUse: 2,
  /** No server is running, or it did not answer. */
  serverAway: 3,
  /** The credential is missing or does not allow it. */
  notAllowed: 4,
  /** A check ran to its end and found a difference. */
  differenceFound: 5,
  /** A check-up found nothing bad, and something to look at. */
  warned: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A reason to end with another code than 0: what is wrong, and what to do. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode
  /** The stable code behind it, for `--json`. */
  readonly code: string
  readonly remedy: string

  constructor(exitCode: ExitCode, say: { code: string; message: string; remedy: string }) {
    super(say.message)
    this.exitCode = exitCode
    this.code = say.code
    this.remedy = say.remedy
  }
}

export const wrongUse = (message: string, remedy: string): CliFailure =>
  new CliFailure(exitCodes.wrongUse, { code: 'wrong_use', message, remedy })
