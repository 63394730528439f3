import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The version of the Node that is installed for this machine with the packages; null where none is. */
export function installedNode(root: string): string | null {
  const names = [
    `node-bin-${process.platform}-${process.arch}`,
    `node-${process.platform}-${process.arch}`,
  ]
  for (const name of names) {
    try {
      const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
      const { version } = JSON.parse(text) as { readonly version: string }
      return version
    } catch {
      // Not this one.
    }
  }
  return null
}
