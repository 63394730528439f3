import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumBinary } from '../test/e2e/available.ts'
import { builtFolder } from './console-stamp.mjs'

/**
 * What a reader's browser loads for each page of the console, and how soon figures stand on the usage page. Fails when
 * the usage page is over its budget; the time is for looking at, because machines differ.
 *
 *   npm run budget
 */
const root = join(import.meta.dirname, '..')
const built = builtFolder(root)
const usagePage = 'pages/usage/usage-page.tsx'
const usageBytesMax = 200_000
const largestShown = 8
const slowdown = 4

type Chunk = {
  readonly file: string
  readonly imports?: readonly string[]
  readonly dynamicImports?: readonly string[]
  readonly css?: readonly string[]
  readonly isDynamicEntry?: boolean
}
type Manifest = Readonly<Record<string, Chunk>>

/** Everything that a page needs: the shell, the page, what either imports, and what the page itself loads at once. */
function filesOf(page: string, manifest: Manifest): ReadonlySet<string> {
  const files = new Set(['index.html'])
  const seen = new Set<string>()
  const add = (name: string): void => {
    const chunk = manifest[name]
    if (chunk === undefined || seen.has(name)) return
    seen.add(name)
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file)
    for (const imported of chunk.imports ?? []) add(imported)
  }
  add('index.html')
  add(page)
  for (const loaded of manifest[page]?.dynamicImports ?? []) add(loaded)
  return files
}

type Size = { readonly brotli: number; readonly gzip: number }

function sizeOf(files: Iterable<string>): Size {
  let [brotli, gzip] = [0, 0]
  for (const file of files) {
    brotli += statSync(join(built, `${file}.br`)).size
    gzip += statSync(join(built, `${file}.gz`)).size
  }
  return { brotli, gzip }
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`.padStart(9)
const row = (name: string, { brotli, gzip }: Size): string =>
  `  ${name.padEnd(44)} ${kilobytes(brotli)} ${kilobytes(gzip)}`

function printSizes(manifest: Manifest): Size {
  process.stdout.write('What a page loads, shell included           brotli      gzip\n')
  const pages = Object.keys(manifest)
    .filter((name) => manifest[name]?.isDynamicEntry === true && name.startsWith('pages/'))
    .sort()
  for (const page of pages) {
    const name = page.replace(/^pages\//, '').replace(/\.tsx$/, '')
    process.stdout.write(`${row(name, sizeOf(filesOf(page, manifest)))}\n`)
  }
  const files = new Set(Object.values(manifest).flatMap(({ file, css }) => [file, ...(css ?? [])]))
  const largest = [...files]
    .filter((file) => existsSync(join(built, `${file}.br`)))
    .map((file) => ({ file, size: sizeOf([file]) }))
    .toSorted((left, right) => right.size.brotli - left.size.brotli)
    .slice(0, largestShown)
  process.stdout.write('\nThe largest files\n')
  for (const { file, size } of largest) process.stdout.write(`${row(file, size)}\n`)
  return sizeOf(filesOf(usagePage, manifest))
}

/** A first visit with an empty cache on a slow machine: from the address to the first bar. */
async function firstFiguresMs(pageUrl: string, executablePath: string): Promise<number> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage()
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    const startedMs = performance.now()
    await page.goto(pageUrl, { waitUntil: 'commit' })
    await page.getByRole('meter').first().waitFor()
    return performance.now() - startedMs
  } finally {
    await browser.close()
  }
}

async function printSpeed(): Promise<void> {
  const executablePath = chromiumBinary()
  if (executablePath === undefined) {
    process.stdout.write('\nLeft out: the speed; install Chromium or Chrome to include it.\n')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-budget-'))
  const flags = ['--data-folder', folder, '--gateway-port', '0', '--admin-port', '0']
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let text = ''
    for await (const chunk of child.stdout) {
      text += String(chunk)
      if (text.includes('Stop with Ctrl-C')) break
    }
    const pageUrl = /Page +(\S+)/.exec(text)?.[1] ?? ''
    const runs = [await firstFiguresMs(pageUrl, executablePath)]
    for (let run = 1; run < 3; run += 1) runs.push(await firstFiguresMs(pageUrl, executablePath))
    const shown = runs.map((ms) => `${Math.round(ms)} ms`).join(', ')
    process.stdout.write(
      `\nFirst figures of the usage page: ${shown} (empty cache, loopback, processor slowed ${slowdown} times)\n`,
    )
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

const manifest = JSON.parse(readFileSync(join(built, '.vite', 'manifest.json'), 'utf8')) as Manifest
const usage = printSizes(manifest)
await printSpeed()
const isOver = usage.gzip > usageBytesMax
process.stdout.write(
  `\nThe usage page is ${isOver ? 'over' : 'within'} its budget: ${kilobytes(usage.gzip).trim()} with gzip of ${kilobytes(usageBytesMax).trim()}.\n`,
)
if (isOver) process.exitCode = 1
