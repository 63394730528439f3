import type { Command } from 'commander'
import { readRetryKey } from './flag-values.ts'

/** Commands that change something can be repeated without doing it twice. */
export const withRetryKey = (command: Command): Command =>
  command.option(
    '--idempotency-key <key>',
    'repeat an earlier command under its key, so that it is done once',
    readRetryKey,
  )
