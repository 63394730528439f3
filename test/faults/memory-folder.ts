import { accessSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh folder in memory where the machine has such a place: nothing here tests the disk itself. */
export function memoryFolder(name: string): string {
  return mkdtempSync(join(memoryRoot(), `plimsoll-${name}-`))
}

function memoryRoot(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
