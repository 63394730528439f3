import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Adds the platform packages that a lock file misses. A registry mirror may lack packages for systems that
 * nobody there uses; `npm install` then leaves them out of the lock file, and `npm ci` refuses it
 * everywhere. The added lines name the exact version that the parent package asks for.
 *
 *   node scripts/complete-lock-file.ts
 */

type LockedPackage = {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}
export type LockFile = { packages: Record<string, LockedPackage> }

export type MissingPackage = {
  readonly name: string
  readonly version: string
  readonly isDev: boolean
}

/** Optional packages that something in the lock file asks for and that have no line of their own. */
export function missingPackages(lock: LockFile): readonly MissingPackage[] {
  const missing: MissingPackage[] = []
  for (const [path, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const isThere =
        `node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages
      if (!isThere) missing.push({ name, version, isDev: parent.dev === true })
    }
  }
  return missing
}

const libraries: Record<string, string> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
}

/** These packages are named after their platform: `@scope/binding-linux-x64-musl`. */
function lineFor({ name, version, isDev }: MissingPackage): LockedPackage {
  const [system, cpu, library] = name.replace(/^.*\/(binding-)?/, '').split('-')
  if (system === undefined || cpu === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(
      `${name}@${version} does not say its platform and exact version; add it by hand.`,
    )
  }
  const libc = system === 'linux' ? libraries[library ?? ''] : undefined
  return {
    version,
    ...(isDev ? { dev: true } : {}),
    optional: true,
    os: [system],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
  }
}

function complete(path: string): number {
  const lock = JSON.parse(readFileSync(path, 'utf8')) as LockFile
  const missing = missingPackages(lock)
  for (const found of missing) lock.packages[`node_modules/${found.name}`] = lineFor(found)
  const sorted = Object.entries(lock.packages).sort(([left], [right]) =>
    left.localeCompare(right, 'en'),
  )
  lock.packages = Object.fromEntries(sorted)
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  return missing.length
}

if (import.meta.main) {
  const added = complete(join(import.meta.dirname, '..', 'package-lock.json'))
  console.log(`${added} platform packages added to package-lock.json`)
}
