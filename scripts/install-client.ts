import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientFolder, clientPackage, clientVersion } from '../test/e2e/available.ts'
import { runNpm } from './npm.mjs'

/**
 * Puts the pinned Claude Code client into `.cache/`, where the tests find it. It is installed beside its
 * final place and moved there when complete, so a folder that exists is whole.
 *
 *   node scripts/bootstrap.mjs scripts/install-client.ts
 */
export async function installClient(): Promise<void> {
  if (existsSync(clientFolder)) return
  console.error(`Installing the real Claude Code client ${clientVersion} (about 380 MB) …`)
  const unfinished = `${clientFolder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'package.json'), '{ "private": true }\n')
  try {
    await runNpm(unfinished, [
      'install',
      '--ignore-scripts',
      '--save-exact',
      `${clientPackage}@${clientVersion}`,
    ])
    if (!existsSync(clientFolder)) renameSync(unfinished, clientFolder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  await installClient()
  console.error(`The client is in ${clientFolder}`)
}
