import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { isClean, type Campaign, type CampaignOutcome } from './campaign.ts'
import { resultsFolder, writeResultsPage, type CampaignResult } from './results-page.ts'

/**
 *   npm run campaign                                      lists them
 *   npm run campaign -- kills --count 500 --seed 7        runs one
 *   npm run campaign -- all                               runs each with its default count
 *
 * `--write` keeps the results for docs/hard-to-break.md. Ends with 1 when anything was lost, denied falsely or
 * broken, and says how to run the same again.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** Read before anything runs: somebody may commit meanwhile. */
const sources = values.write ? readSources() : ''
const campaigns = await findCampaigns()
const [wanted] = positionals
if (wanted === undefined || values.help) list()
else await runAll(wanted)

async function findCampaigns(): Promise<readonly Campaign[]> {
  const names = globSync('*.campaign.ts', { cwd: import.meta.dirname }).sort()
  const found = names.map(async (name) => {
    const { campaign } = (await import(`./${name}`)) as { readonly campaign: Campaign }
    if (`${campaign.name}.campaign.ts` !== basename(name)) throw new Error(`${name} is misnamed`)
    return campaign
  })
  return Promise.all(found)
}

function list(): void {
  console.log('Usage: npm run campaign -- <name>|all [--count N] [--seed N] [--write]\n')
  for (const { name, about, countDefault } of campaigns) {
    console.log(`${name.padEnd(16)} ${about} (${countDefault})`)
  }
}

async function runAll(name: string): Promise<void> {
  const chosen = name === 'all' ? campaigns : campaigns.filter((one) => one.name === name)
  const count = values.count === undefined ? undefined : Number(values.count)
  const seed = Number(values.seed)
  const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value > 0
  if (chosen.length === 0 || !isNumber(seed) || (count !== undefined && !isNumber(count))) {
    list()
    process.exitCode = 2
    return
  }
  for (const campaign of chosen) await runOne(campaign, count ?? campaign.countDefault, seed)
  if (values.write) writeResultsPage()
}

async function runOne(campaign: Campaign, count: number, seed: number): Promise<void> {
  const startedMs = performance.now()
  console.log(`▶ ${campaign.name}: ${campaign.about}`)
  const outcome = await campaign.run({
    count,
    seed,
    onProgress: (done) => {
      if (process.stdout.isTTY) process.stdout.write(`\r  ${done} of ${count} `)
    },
  })
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  if (process.stdout.isTTY) process.stdout.write('\r')
  print(outcome)
  if (!isClean(outcome)) {
    process.exitCode = 1
    console.log(
      `✖ ${campaign.name}: not clean. Again: npm run campaign -- ${campaign.name} --count ${count} --seed ${seed}`,
    )
    return
  }
  console.log(`✔ ${campaign.name}: clean after ${seconds} s`)
  if (values.write)
    keep({ name: campaign.name, about: campaign.about, sources, count, seed, seconds, ...outcome })
}

/** The commit, and whether the sources are other ones than it has. */
function readSources(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  const commit = git('rev-parse', '--short', 'HEAD')
  return git('status', '--porcelain', '--', '../../src') === '' ? commit : `${commit} and changes`
}

function print({ rows, figures }: CampaignOutcome): void {
  for (const { what, tried, lost, deniedFalsely, broken } of rows) {
    console.log(
      `  ${what}: ${tried} tried, ${lost} lost, ${deniedFalsely} denied falsely, ${broken} broken`,
    )
  }
  for (const { name, value } of figures) console.log(`  ${name}: ${value}`)
}

function keep(result: CampaignResult): void {
  mkdirSync(resultsFolder, { recursive: true })
  const path = join(resultsFolder, `${result.name}.json`)
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
}
