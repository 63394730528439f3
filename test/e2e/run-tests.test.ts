import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

/** What `npm test` makes of test files, each case in a process of its own. */

const runner = join(import.meta.dirname, '..', '..', 'scripts', 'run-tests.ts')

type Ran = { readonly isPassed: boolean; readonly faults: readonly string[]; readonly out: string }

function runFiles(t: TestContext, files: Record<string, string>): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-run-tests-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const paths = Object.keys(files).map((name) => join(folder, name))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import test from 'node:test'\n${content}`)
  }
  const program = join(folder, 'program.ts')
  writeFileSync(
    program,
    `import { runTests } from ${JSON.stringify(runner)}
     const ran = await runTests(${JSON.stringify(paths)}, ${JSON.stringify(folder)})
     console.error(JSON.stringify(ran))`,
  )
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
  const { stdout, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8' })
  return { ...(JSON.parse(stderr) as Omit<Ran, 'out'>), out: stdout }
}

test('a run whose tests pass passes, and its counts come last', (t) => {
  const ran = runFiles(t, { 'a.test.ts': "test('one', () => {})" })

  assert.deepEqual([ran.isPassed, ran.faults], [true, []])
  assert.match(ran.out, /ℹ tests 1\n(ℹ .*\n)*$/)
})

test('a run with a failing test fails', (t) => {
  const ran = runFiles(t, { 'a.test.ts': "test('one', () => { throw new Error('no') })" })

  assert.equal(ran.isPassed, false)
})

test('what was left out is told with its reason just before the counts', (t) => {
  const skips =
    "test('one', { skip: 'a browser' }, () => {})\ntest('two', { skip: 'a browser' }, () => {})"
  const ran = runFiles(t, { 'a.test.ts': `test('real', () => {})\n${skips}` })

  assert.equal(ran.isPassed, true)
  assert.match(ran.out, /ℹ left out: a browser \[2 tests\]\nℹ tests 3\n/)
})

test('a run that found nothing to run fails', (t) => {
  assert.deepEqual(runFiles(t, {}).faults, ['no test ran'])
  const skipped = runFiles(t, { 'a.test.ts': "test('one', { skip: 'why' }, () => {})" })
  assert.deepEqual([skipped.isPassed, skipped.faults], [false, ['no test ran']])
})

test('a file without a test fails the run, and so does a test that is marked as unfinished', (t) => {
  const ran = runFiles(t, {
    'a.test.ts': "test('one', () => {})\ntest('two', { todo: true }, () => {})",
    'b.test.ts': 'export const nothing = test',
  })

  assert.equal(ran.isPassed, false)
  assert.deepEqual(ran.faults.toSorted(), ['no test in b.test.ts', 'not finished: two'])
})
