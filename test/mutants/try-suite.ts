import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { mutate, readMutants, readSource, root, type Mutant } from './mutant.ts'

/** `npm run mutants:suite`: bugs drawn at random, each put into a fresh clone, and nothing but `npm test` run there. */
const usage = `Usage: npm run mutants:suite [-- options]

  --count <n>      how many bugs are drawn (5)
  --seed <text>    what they are drawn by; the commit that is checked out, when it is left out
  --jobs <n>       how many clones at once (1)
  --whole          lets every run go on to its end, and counts what failed

A run is ended at its first failing test. Tests of the mutants themselves do not count: they compare patches and
pages with the sources, and know of no behaviour. Ends with 1 when a bug is not caught.`

type Asked = {
  readonly seed: string
  readonly count: number
  readonly jobs: number
  readonly isWhole: boolean
}
type Caught = {
  readonly mutant: Mutant
  readonly tests: readonly string[]
  readonly seconds: number
}

const runMaxMs = 40 * 60_000

function readAsked(): Asked | null {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '5' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      whole: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const [count, jobs] = [Number(values.count), Number(values.jobs)]
  for (const number of [count, jobs]) {
    if (!Number.isInteger(number) || number < 1) throw new TypeError('a number from 1 on is needed')
  }
  return {
    seed: values.seed ?? git('rev-parse', 'HEAD').trim(),
    count,
    jobs,
    isWhole: values.whole,
  }
}

function git(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new TypeError(`git ${words[0]}: ${stderr.trim()}`)
  return stdout
}

/** Those whose name and seed together have the smallest hashes: nobody has picked them. */
function draw({ seed, count }: Asked): readonly Mutant[] {
  const lot = ({ id }: Mutant): string => createHash('sha256').update(`${seed}/${id}`).digest('hex')
  return readMutants()
    .toSorted((left, right) => (lot(left) < lot(right) ? -1 : 1))
    .slice(0, count)
}

/** The names of the tests that say nothing about the behaviour of the sources. */
const ownTests = globSync('test/mutants/*.test.ts', { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')

async function tryOne(mutant: Mutant, folder: string, isWhole: boolean): Promise<Caught> {
  git('clone', '-q', '--no-hardlinks', root, folder)
  for (const part of ['node_modules', '.cache']) {
    if (existsSync(join(root, part))) symlinkSync(join(root, part), join(folder, part))
  }
  for (const [path, text] of mutate(mutant, readSource)) writeFileSync(join(folder, path), text)
  const startedMs = performance.now()
  const tests = await failingTests(folder, isWhole)
  return { mutant, tests, seconds: (performance.now() - startedMs) / 1000 }
}

async function failingTests(folder: string, isWhole: boolean): Promise<readonly string[]> {
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env
  // A group of its own: tests start servers and browsers, and all of them have to end with it.
  const child = spawn('npm', ['test'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const end = (): void => endGroup(child.pid)
  process.prependOnceListener('exit', end)
  const timer = setTimeout(end, runMaxMs)
  const failing = new Set<string>()
  let isTesting = false
  for await (const line of createInterface({ input: child.stdout })) {
    const text = stripVTControlCharacters(line)
    if (text.startsWith('▶ tests')) isTesting = true
    const [, name] = /^ *✖ (.+) \([\d.]+ms\)/.exec(text) ?? []
    if (!isTesting || name === undefined || ownTests.includes(name)) continue
    failing.add(name)
    if (!isWhole) break
  }
  clearTimeout(timer)
  end()
  process.removeListener('exit', end)
  return [...failing]
}

function endGroup(group: number | undefined): void {
  if (group === undefined) return
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

async function main(asked: Asked): Promise<void> {
  const { seed, jobs, isWhole } = asked
  const chosen = draw(asked)
  if (git('status', '--porcelain', 'src', 'test').trim() !== '') {
    throw new TypeError('A clone has only what is committed: commit src/ and test/ first.')
  }
  console.log(`▶ drawn by ${seed}: ${chosen.map(({ id }) => id).join(', ')}\n`)
  console.log('| bug | what it does | first test of `npm test` that fails | seconds |')
  console.log('| --- | --- | --- | --- |')
  const folder = mkdtempSync(join(tmpdir(), 'mutants-suite-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const waiting = [...chosen]
  let missed = 0
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const { tests, seconds } = await tryOne(mutant, join(folder, mutant.id), isWhole)
      const [first = 'NONE'] = tests
      const more = isWhole && tests.length > 1 ? ` (and ${tests.length - 1} more)` : ''
      if (tests.length === 0) missed += 1
      console.log(`| \`${mutant.id}\` | ${mutant.bug} | ${first}${more} | ${seconds.toFixed(0)} |`)
      rmSync(join(folder, mutant.id), { recursive: true, force: true, maxRetries: 5 })
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  if (missed > 0) process.exitCode = 1
}

// An interrupted run cleans up as one that ended by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  const asked = readAsked()
  if (asked === null) console.log(usage)
  else await main(asked)
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
