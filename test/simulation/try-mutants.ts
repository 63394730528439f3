import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { memoryFolder } from '../faults/memory-folder.ts'
import { MutantTree } from '../mutants/mutant-tree.ts'
import { readMutants } from '../mutants/mutant.ts'
import type { SeedRow } from './run-seeds.ts'

/**
 * `npm run simulate:mutants -- --only stored,settle`: bugs of the field, put back one at a time, and how soon a
 * simulated world meets them.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '1..20' },
    steps: { type: 'string', default: '3000' },
    /** With the histories as the only judge. */
    histories: { type: 'boolean', default: false },
  },
})

type Kill = { readonly steps: number; readonly seed: number; readonly why: string }

const folder = memoryFolder('simulated-mutants')
try {
  mkdirSync(folder, { recursive: true })
  const tree = new MutantTree(folder)
  console.log('| mutant | steps | seed | what was seen |\n| --- | --- | --- | --- |')
  const wanted = values.only.split(',')
  for (const mutant of readMutants().filter(({ id }) => wanted.some((word) => id.includes(word)))) {
    const { kill, steps } = await tree.with(mutant, () => simulate(tree.folder))
    if (kill === null) console.log(`| \`${mutant.id}\` | not within ${steps} | | |`)
    else console.log(`| \`${mutant.id}\` | ${kill.steps} | ${kill.seed} | ${kill.why} |`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Worlds of a tree until one of them finds something. */
async function simulate(root: string): Promise<{ kill: Kill | null; steps: number }> {
  const program = join(root, 'test/simulation/simulate.ts')
  const { seeds, steps } = values
  const asked = ['--seeds', seeds, '--steps', steps, '--jobs', '1', '--first', '--json']
  if (values.histories) asked.push('--histories')
  const child = spawn(process.execPath, [...process.execArgv, program, ...asked], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let sum = 0
  let kill: Kill | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    const row = JSON.parse(line) as SeedRow
    if (!('seed' in row)) continue
    sum += row.steps
    const [why] = row.violations
    if (why !== undefined && kill === null) {
      kill = { steps: sum, seed: row.seed, why: why.replaceAll(/[|\n]/g, ' ').slice(0, 200) }
    }
  }
  return { kill, steps: sum }
}
