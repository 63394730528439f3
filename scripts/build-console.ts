import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { builtFolder, consoleStamp, isConsoleBuilt, stampFile } from './console-stamp.mjs'

/**
 * Builds the console into `console/built/`, which the server sends as it is:
 *
 *   node scripts/build-console.ts            when its sources changed
 *   node scripts/build-console.ts --force    in any case
 */

const root = join(import.meta.dirname, '..')

async function buildConsole(): Promise<void> {
  const startedMs = performance.now()
  process.stderr.write('Building the console (once for each change of it) …\n')
  const stamp = consoleStamp(root)
  // A build that was cut short has no stamp, and is made anew.
  rmSync(stampFile(root), { force: true })
  const { build } = await import('vite')
  await build({ configFile: join(root, 'console', 'vite.config.ts'), logLevel: 'warn' })
  const built = builtFolder(root)
  for (const file of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    if (/\.(js|css|html|svg)$/.test(file)) compress(join(built, file))
  }
  writeFileSync(stampFile(root), stamp)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  process.stderr.write(`The console is built (${seconds} s).\n`)
}

/** Beside each file its compressed forms, so that serving it costs nothing. */
function compress(file: string): void {
  const bytes = readFileSync(file)
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }))
}

if (process.argv.includes('--force') || !isConsoleBuilt(root)) await buildConsole()
