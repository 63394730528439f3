import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A disk of a test's own, in memory: as small, as read-only or as short of inodes as the test wants it. */
export function mountDisk(t: TestContext, options: string): string {
  const place = mkdtempSync(join(tmpdir(), 'plimsoll-disk-'))
  mount(['-t', 'tmpfs', '-o', options, 'tmpfs', place])
  t.after(() => {
    spawnSync('umount', ['-l', place])
    rmSync(place, { recursive: true, force: true })
  })
  return place
}

export const remount = (place: string, options: string): void =>
  mount(['-o', `remount,${options}`, place])

function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`)
}

/** Why tests with a disk of their own are left out, or false when they can run. */
export function diskLeftOut(): string | false {
  const place = mkdtempSync(join(tmpdir(), 'plimsoll-disk-'))
  try {
    const isMounted =
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place]).status === 0
    if (isMounted) spawnSync('umount', [place])
    return isMounted ? false : 'small disks; run as root where mount is allowed to include them'
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
