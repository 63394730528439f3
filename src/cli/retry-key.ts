import type { Command } from 'commander'

/** Commands that change something can be repeated without doing it twice. */
export const withRetryKey = (command: Command): Command =>
  command.option(
    '--idempotency-key <key>',
    'repeat an earlier command under its key, so that it is done once',
  )
