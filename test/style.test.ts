import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import test from 'node:test'
import { missingPackages, type LockFile } from '../scripts/complete-lock-file.ts'
import { settingsDocs, writtenSettingsPage } from '../scripts/write-settings-docs.ts'
import { readPlansFile } from '../src/config/plans-file.ts'
import { readJsonFile } from '../src/config/read-json-file.ts'
import { reloadStops } from '../src/core/auto-reload.ts'
import { extraUsageReasons, reasons, remedies } from '../src/core/decision.ts'
import { parsePriceOverrides } from '../src/providers/price-overrides.ts'

/** The rules of STYLE.md that a short test can check. */

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const find = (...patterns: string[]): readonly string[] =>
  globSync(patterns, { cwd: root })
    .map((path) => path.split(sep).join('/'))
    .sort()

const sources = find('src/**/*.ts')
const isTest = (path: string): boolean => path.endsWith('.test.ts')
const consoleFiles = find('console/**/*.{ts,tsx}').filter((path) => !path.includes('/built/'))
const scripted = [...find('{src,test,bench,scripts}/**/*.{ts,mjs}'), ...consoleFiles]
const pages = find('*.md', 'docs/**/*.md')

/** What a file imports: relative ones as paths from the root, others as they are written. */
function importsOf(path: string): readonly string[] {
  const found = read(path).matchAll(
    /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...found].map(([, named, bare, dynamic]) => {
    const specifier = named ?? bare ?? dynamic ?? ''
    if (!specifier.startsWith('.')) return specifier
    return relative(root, join(root, dirname(path), specifier))
      .split(sep)
      .join('/')
  })
}

/** `src/core/money.ts` is in `core`; `src/app.ts` is `app.ts` itself. */
const folderOf = (path: string): string => path.split('/')[1] ?? ''

/** What a folder may import: these, or everything but these. */
type Allowed = { readonly isAllBut: boolean; readonly names: readonly string[] }

function importTable(): ReadonlyMap<string, Allowed> {
  const rows = read('STYLE.md').split('| folder | may import |')[1]?.split('\n\n')[0] ?? ''
  const table = new Map<string, Allowed>()
  for (const row of rows.split('\n').slice(2)) {
    const [, folders = '', allowed = ''] = row.split('|')
    const isAllBut = allowed.startsWith(' anything but ')
    for (const folder of quoted(folders)) table.set(folder, { isAllBut, names: quoted(allowed) })
  }
  return table
}

const quoted = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

function isAllowed(imported: string, from: string, { isAllBut, names }: Allowed): boolean {
  const folder = folderOf(imported)
  const isNamed = names.some((name) => name === folder || `src/${name}` === imported)
  return folder === folderOf(from) || isNamed !== isAllBut
}

test('a folder imports only what the import table of STYLE.md names', () => {
  const table = importTable()
  assert.ok(table.size > 10, 'the table was not found')
  const wrong: string[] = []
  for (const path of sources.filter((source) => !isTest(source))) {
    const allowed = table.get(folderOf(path))
    assert.ok(allowed !== undefined, `STYLE.md has no import row for ${folderOf(path)} (${path})`)
    for (const imported of importsOf(path)) {
      const isOurs = imported.startsWith('src/') || imported.startsWith('test/')
      if (isOurs && !isAllowed(imported, path, allowed)) wrong.push(`${path} imports ${imported}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('the command line is a leaf: an import of it breaks the table, from wherever it comes', () => {
  const importers = [...importTable()].filter(([folder]) => folder !== 'cli')

  assert.ok(importers.length > 10)
  for (const [folder, allowed] of importers) {
    const isFine = isAllowed('src/cli/desk.ts', `src/${folder}`, allowed)
    assert.equal(isFine, false, folder)
  }
})

test('the console knows the server by types of its API only', () => {
  const wrong = consoleFiles.flatMap((path) =>
    [...read(path).matchAll(/^(import|export) (type )?[^'"]*?from '([^']*\/src\/[^']*)'/gm)]
      .filter(([, , type, from]) => type === undefined || !from?.includes('/src/admin/contract/'))
      .map(([line]) => `${path}: ${line}`),
  )
  assert.ok(consoleFiles.length > 2)
  assert.deepEqual(wrong, [])
})

test('core imports no Node module and no package', () => {
  const wrong = sources
    .filter((path) => folderOf(path) === 'core' && !isTest(path))
    .flatMap((path) => importsOf(path).map((imported) => ({ path, imported })))
    .filter(({ imported }) => !imported.startsWith('src/core/'))
  assert.deepEqual(wrong, [])
})

test('nothing that is not a test imports a test, and nothing imports main.ts', () => {
  const wrong = scripted
    .filter((path) => path.startsWith('src/') || path.startsWith('bench/'))
    .flatMap((path) => importsOf(path).map((imported) => ({ path, imported })))
    .filter(
      ({ path, imported }) => (isTest(imported) && !isTest(path)) || imported === 'src/main.ts',
    )
  assert.deepEqual(wrong, [])
})

test('moments, chance, timers and the environment are read only where they belong', () => {
  const banned =
    /\bnew Date\(\)|\bDate\(\)|\bTemporal\.Now\b|globalThis\.(setTimeout|setInterval)|\bsetTimeout\(|\bsetInterval\(|Math\.random\(|process\.hrtime|process\.env\b/
  const wrong = sources
    .filter((path) => !isTest(path) && !['system', 'config'].includes(folderOf(path)))
    .filter((path) => banned.test(withoutComments(read(path))))
  assert.deepEqual(wrong, [])
})

const withoutComments = (code: string): string =>
  code.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')

test('a test waits for what it is about: no sleep, and no look at a page that may come too early', () => {
  const sleep = /\bsetTimeout\b.*'node:timers\/promises'|\.waitForTimeout\(/
  const earlyLook = /\.(isVisible|isHidden|isEnabled|boundingBox|title)\(\)|\.count\(\), [1-9]/
  const wrong = find('{src,test,console}/**/*.test.ts')
    .filter((path) => path !== 'test/style.test.ts')
    .filter((path) => {
      const code = read(path)
      return sleep.test(code) || (code.includes('chromiumLeftOut') && earlyLook.test(code))
    })
  assert.deepEqual(wrong, [])
})

test('files are named in kebab-case, for the idea that they hold', () => {
  const forbidden = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'types', 'index']
  const wrong = scripted.filter((path) => {
    const name = basename(path).replace(/(\.test|\.campaign|\.config)?\.(tsx?|mjs)$/, '')
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || forbidden.includes(name)
  })
  assert.deepEqual(wrong, [])
})

test('a file of code has at most 400 lines, a test 600', () => {
  const long = [...find('{src,test,bench,scripts}/**/*.{ts,mjs,js,sql}'), ...consoleFiles]
    .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
    .filter(
      ({ path, lines }) => lines > (/^(src|console)\//.test(path) && !isTest(path) ? 400 : 600),
    )
  assert.deepEqual(long, [])
})

test('an exception from the linter or the types gives its reason', () => {
  const bare = scripted
    .filter((path) => path !== 'test/style.test.ts')
    .filter((path) => /(oxlint-disable|@ts-expect-error)(?!.* -- \S)/.test(read(path)))
  assert.deepEqual(bare, [])
})

test('ARCHITECTURE.md lists every folder, and no folder that does not exist', () => {
  const named = new Set(
    [...read('ARCHITECTURE.md').matchAll(/`((?:src|bench|scripts|test|docs)\/[\w/-]*)`/g)].map(
      ([, name = '']) => name,
    ),
  )
  const there = new Set(find('src/*/**/*.ts').map((path) => `src/${folderOf(path)}/`))
  for (const folder of ['bench/', 'scripts/', 'test/', 'docs/']) there.add(folder)
  assert.deepEqual(
    [...there].filter((folder) => !named.has(folder)),
    [],
    'not listed',
  )
  assert.deepEqual(
    [...named].filter((folder) => !existsSync(join(root, folder))),
    [],
    'not there',
  )
})

test('ARCHITECTURE.md stays under three pages', () => {
  const words = read('ARCHITECTURE.md').split(/\s+/).length
  assert.ok(words < 2000, `${words} words`)
})

test('file names in ARCHITECTURE.md exist', () => {
  const named = [...read('ARCHITECTURE.md').matchAll(/`([\w./-]+\.(?:ts|mjs|md|json))`/g)].map(
    ([, path = '']) => path,
  )
  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  )
})

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s/g, '-')

/** Whether a link's target exists, seen from the page that it stands on. */
function isReached(page: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? page : relative(root, join(root, dirname(page), file))
  if (!existsSync(join(root, path))) return false
  if (anchor === undefined || !path.endsWith('.md')) return true
  return [...read(path).matchAll(/^#+ (.*)$/gm)].some(([, text = '']) => anchorOf(text) === anchor)
}

test('every link in the docs leads to a file and a heading that exist', () => {
  const broken: string[] = []
  for (const page of pages) {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, '')
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const isOutside = /^(https?|mailto):/.test(target)
      if (!isOutside && !isReached(page, target)) broken.push(`${page}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('no page sends readers to a package name that is not ours', () => {
  const wrong = [...pages, ...find('src/**/*.{ts,html}')].filter((page) =>
    /np(x|m exec) (-y )?plimsoll/.test(read(page)),
  )
  assert.deepEqual(wrong, [])
})

test('docs/settings.md is what the declared settings say', () => {
  assert.equal(
    writtenSettingsPage(),
    settingsDocs(),
    'write it anew: node scripts/bootstrap.mjs scripts/write-settings-docs.ts',
  )
})

test('the example files are what the server reads', () => {
  assert.equal(readPlansFile(join(root, 'docs/examples/plans.json')).length, 5)
  const prices = readJsonFile(join(root, 'docs/examples/prices.json'), 'prices file')
  assert.equal(parsePriceOverrides(prices).length, 2)
})

/** The first cell of each row below a heading of docs/reasons.md. */
function rowsUnder(heading: string): readonly string[] {
  const section = read('docs/reasons.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, code = '']) => code)
}

test('docs/reasons.md has a row per reason, extra-usage reason, remedy and stop of auto-reload', () => {
  assert.deepEqual(rowsUnder('Reasons'), reasons)
  assert.deepEqual(rowsUnder('Why extra usage did not help'), extraUsageReasons)
  assert.deepEqual(rowsUnder('What helps'), remedies)
  assert.deepEqual(rowsUnder('Why auto-reload stopped'), reloadStops)
})

/** Stable codes of failures, wherever an error class or a table of failures declares them. */
function failureCodes(): readonly string[] {
  const declared = sources
    .filter((path) => !isTest(path))
    .flatMap((path) => [...read(path).matchAll(/(?:readonly code = |\bcode: )'([a-z_]+)'/g)])
    .map(([, code = '']) => code)
  const listed = [
    ...rowNames('src/admin/failures.ts', 'const rows = {'),
    ...rowNames('src/providers/anthropic-failure.ts', 'const shapes: '),
  ]
  return [...new Set([...declared, ...listed])].sort()
}

/** The keys of a table in the code, of which each stands on a line of its own. */
function rowNames(path: string, opening: string): readonly string[] {
  const table = read(path).split(opening)[1]?.split('\n}')[0] ?? ''
  const names = [...table.matchAll(/^ {2}([a-z_]+): /gm)].map(([, name = '']) => name)
  assert.ok(names.length > 5, `no table "${opening}" in ${path}`)
  return names
}

test('docs/reasons.md has a row per failure code', () => {
  assert.deepEqual([...rowsUnder('Failures')].sort(), failureCodes())
})

test('the lock file names every platform package, and no download address', () => {
  const lock = JSON.parse(read('package-lock.json')) as LockFile
  assert.deepEqual(
    missingPackages(lock),
    [],
    'add them: node scripts/bootstrap.mjs scripts/complete-lock-file.ts',
  )
  assert.doesNotMatch(read('package-lock.json'), /"resolved": "https?:/)
})

type NamedTest = { readonly path: string; readonly name: string }

/** Every test name in the tree, also those of suites that take an implementation. */
function testNames(): readonly NamedTest[] {
  const files = find('src/**/*.test.ts', 'test/**/*.ts')
  return files.flatMap((path) =>
    [
      ...read(path).matchAll(
        /\b(?:test|it|law|onBed)\(\s*(?:makeBed,\s*)?(['"`])((?:\\.|(?!\1)[^\\])*)\1/g,
      ),
    ].map(([, , name = '']) => ({
      path,
      name: name.replaceAll(/\\(.)/g, '$1'),
    })),
  )
}

test('each invariant of ARCHITECTURE.md names a test that exists', () => {
  const names = testNames()
  const rows = read('ARCHITECTURE.md')
    .split('\n')
    .filter((line) => /^\| \*\*I\d+\*\*/.test(line))
  assert.ok(rows.length >= 10, `${rows.length} invariants found`)
  for (const [index, row] of rows.entries()) {
    assert.match(row, new RegExp(`^\\| \\*\\*I${index + 1}\\*\\* `))
    const guards = [...row.matchAll(/`([\w./-]+\.ts)`: “([^”]+)”/g)]
    assert.ok(guards.length > 0, `no test is named in: ${row}`)
    for (const [, path, start = ''] of guards) {
      const isThere = names.some((found) => found.path === path && found.name.startsWith(start))
      assert.ok(isThere, `${path} has no test whose name begins “${start}”`)
    }
  }
})

/** The field failures that were collected; what each of them is stands in docs/scenarios.md. */
const scenarioCounts = { D: 18, O: 12, L: 10, W: 5 } as const
const scenarioIds = Object.entries(scenarioCounts).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
)

/** The ids of rows of docs/scenarios.md, in their order: those that hold, and those that wait for later work. */
function scenarioRows(): { readonly held: readonly string[]; readonly waiting: readonly string[] } {
  const [held = '', waiting = ''] = read('docs/scenarios.md').split(
    '\n## What waits for later work\n',
  )
  const idsIn = (text: string, row: RegExp): readonly string[] =>
    [...text.matchAll(row)].map(([, id = '']) => id)
  return {
    held: idsIn(held, /^\| ([DOLW]\d+) \| \S.* \|$/gm),
    // Each of these says what it waits for.
    waiting: idsIn(waiting, /^\| ([DOLW]\d+) \| \S[^|]* \| \S[^|]* \|$/gm),
  }
}

test('each of the 45 scenarios from the field is held or waits for later work, and none is both', () => {
  const { held, waiting } = scenarioRows()

  assert.equal(scenarioIds.length, 45)
  const listed = new Set([...held, ...waiting])
  assert.deepEqual(
    scenarioIds.filter((id) => !listed.has(id)),
    [],
    'it has no row in docs/scenarios.md',
  )
  assert.deepEqual(
    held,
    scenarioIds.filter((id) => !waiting.includes(id)),
  )
  assert.deepEqual(
    waiting,
    scenarioIds.filter((id) => waiting.includes(id)),
  )
})

test('each scenario that is held begins the name of a test, and each id of a test has its row', () => {
  const names = testNames().map(({ name }) => name)
  const tested = names.map(
    (name) => /^((?:[A-Z]\d+, )*[A-Z]\d+): /.exec(name)?.[1]?.split(', ') ?? [],
  )
  const { held, waiting } = scenarioRows()

  const firsts = new Set(tested.map(([first]) => first))
  assert.deepEqual(
    held.filter((id) => !firsts.has(id)),
    [],
    'no test has a name that begins with it',
  )
  const ids = new Set(tested.flat())
  assert.deepEqual(
    waiting.filter((id) => ids.has(id)),
    [],
    'it has a test, so its row waits for nothing',
  )
  const stray = [...ids].filter((id) => /^[DOLW]/.test(id) && !scenarioIds.includes(id))
  assert.deepEqual(stray, [])
})
