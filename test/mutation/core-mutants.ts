import { createHash } from 'node:crypto'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../mutants/mutant.ts'
import { instrument, instrumenterVersion, type RawMutant } from './instrumenter.ts'

/** Every small change of the core that the instrumenter makes, and a copy of the sources that holds them all. */

export type CoreMutant = {
  readonly id: string
  readonly file: string
  readonly line: number
  readonly mutator: string
  /** The line it begins in, what it replaces, and by what; each on one line. */
  readonly text: string
  readonly was: string
  readonly becomes: string
  /** The same for the same change of the same text, wherever in the file that stands. */
  readonly key: string
}

export type CoreTree = {
  readonly folder: string
  readonly mutants: readonly CoreMutant[]
  /** Test files, of the core itself first. */
  readonly tests: readonly string[]
  /** Sources whose module keeps what it worked out. */
  readonly remembering: ReadonlySet<string>
  /** What each source was, and what all tests were: an outcome holds as long as these do. */
  readonly sourceDigests: ReadonlyMap<string, string>
  readonly testsDigest: string
}

const digest = (...texts: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length}:${text}`)
  return hash.digest('hex').slice(0, 16)
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

export const isSource = (file: string): boolean => !file.endsWith('.test.ts')

export async function plantMutants(folder: string): Promise<CoreTree> {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8')
  const find = (pattern: string): readonly string[] => globSync(pattern, { cwd: root }).toSorted()
  const coreFiles = find('src/core/*.ts')
  const sources = coreFiles.filter(isSource).map((name) => ({ name, content: read(name) }))
  const { files, mutants } = await instrument(sources)

  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const part of ['src', 'test/rules', 'test/model']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (const { name, content } of files) writeFileSync(join(folder, name), uncounted(content))

  const tests = [...coreFiles.filter((file) => !isSource(file)), ...find('test/rules/*.test.ts')]
  const around = find('test/{rules,model}/*.ts').filter((file) => !tests.includes(file))
  return {
    folder,
    mutants: nameMutants(mutants, new Map(sources.map(({ name, content }) => [name, content]))),
    tests,
    remembering: new Set(sources.filter((source) => isRemembering(source)).map(({ name }) => name)),
    sourceDigests: new Map(sources.map(({ name, content }) => [name, digest(content)])),
    testsDigest: digest(instrumenterVersion, ...[...tests, ...around].map(read)),
  }
}

/** Counting which mutants a test reaches takes more time than the test, so it is done while measuring only. */
const uncounted = (instrumented: string): string =>
  instrumented.replace(
    'function cover() {',
    'function cover() { if (ns.isMeasuring !== true) return;',
  )

const isRemembering = ({ content }: { readonly content: string }): boolean =>
  /^const \w+ = new (?:Weak)?(?:Map|Set)\b/m.test(content)

/** Mutants with their texts; those of one key are told apart by their number. */
export function nameMutants(
  mutants: readonly RawMutant[],
  sources: ReadonlyMap<string, string>,
): readonly CoreMutant[] {
  const seen = new Map<string, number>()
  return mutants.map(({ id, fileName: file, mutatorName: mutator, replacement, location }) => {
    const lines = (sources.get(file) ?? '').split('\n')
    const { start, end } = location
    const text = oneLine(lines[start.line] ?? '')
    const was = oneLine(cut(lines, start, end))
    const becomes = oneLine(replacement)
    const base = [file, mutator, text, was, becomes].join(' | ')
    const count = (seen.get(base) ?? 0) + 1
    seen.set(base, count)
    const key = count === 1 ? base : `${base} | ${count}`
    return { id, file, line: start.line + 1, mutator, text, was, becomes, key }
  })
}

type Place = RawMutant['location']['start']

function cut(lines: readonly string[], start: Place, end: Place): string {
  const taken = lines.slice(start.line, end.line + 1)
  const last = taken.length - 1
  return taken
    .map((line, index) =>
      line.slice(index === 0 ? start.column : 0, index === last ? end.column : undefined),
    )
    .join('\n')
}
