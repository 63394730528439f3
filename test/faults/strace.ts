import { spawnSync } from 'node:child_process'

/** Whether this machine lets one process record the system calls of another. */
export const hasStrace = (): boolean =>
  spawnSync('strace', ['-e', 'trace=none', '-o', '/dev/null', 'true']).status === 0

/** Why a test that records system calls is left out, or false when it can run. */
export function straceLeftOut(): string | false {
  return hasStrace() ? false : 'a record of the disk writes; install strace to include it'
}
