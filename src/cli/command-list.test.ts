import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { commandsFor, listed } from './command-list.ts'

const nothing = (): Promise<void> => Promise.resolve()
const cli = { run: nothing, runAnyway: nothing, startServer: nothing }

test('each command stands in the list under the names that it answers to', async () => {
  for (const { names, load } of listed) {
    const program = new Command()
    ;(await load())(program, cli)
    const added = program.commands.map((command) => command.name())
    assert.deepEqual(added.toSorted(), [...names].toSorted())
  }
})

test('a call loads its own command alone, and everything where none is known', async () => {
  const count = async (...args: readonly string[]): Promise<number> =>
    (await commandsFor(args)).length

  assert.equal(await count('doctor', '--json'), 1)
  assert.equal(await count('--data-folder', 'usage', '--json', 'wait'), 1)
  for (const args of [[], ['--help'], ['help', 'doctor'], ['doctr'], ['--data-folder', 'doctor']]) {
    assert.equal(await count(...args), listed.length)
  }
})

/** Every file that stands behind a file before it runs. */
function loadedBy(path: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  if (!path.endsWith('.ts')) return seen
  const found = readFileSync(path, 'utf8').matchAll(
    /^(?:import|export)\s(?!type\b)[^'"]*?from\s+'([^']+)'/gm,
  )
  for (const [, named = ''] of found) {
    loadedBy(named.startsWith('.') ? join(dirname(path), named) : named, seen)
  }
  return seen
}

test('what needs no server loads none of it: no service, no database, no schema, no web framework', () => {
  const files = ['run-cli.ts', 'commands/doctor.ts', 'commands/wait.ts', 'commands/checkpoint.ts']
  for (const file of files) {
    const loaded = [...loadedBy(join(import.meta.dirname, file))]
    const heavy = loaded.filter((path) =>
      /^(hono|zod|undici|pino|node:sqlite|@)|src[/\\](app|storage|operations|gateway|demo|health)\b/.test(
        path,
      ),
    )
    assert.ok(loaded.length > 10)
    assert.deepEqual(heavy, [])
  }
})
