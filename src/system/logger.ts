/**
 * Structured log lines: a constant message, then fields. `error` means that a person must act, `warn`
 * that a request was served but something is degraded. Fields never hold prompts, replies, keys or
 * payment details.
 */
export interface Logger {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Money is written as a string of digits, because JSON has no integers of its size. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>
