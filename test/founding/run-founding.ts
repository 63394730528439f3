import { parseArgs } from 'node:util'
import { sayOutcome, isClean, writeFoundingPage } from './founding-page.ts'
import { runFounding } from './founding-run.ts'

/**
 *   npm run founding -- --customers 100000 --seed 7             runs it, in memory where the machine has such a place
 *   npm run founding -- --customers 1000 --folder /var/tmp/f    runs it in a folder, which it makes and leaves there
 *
 * `--write` keeps the figures for docs/founding-failure.md. Ends with 1 when anybody was told what is not so, or when
 * anything that is wrong was not found or not healed.
 */
const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const usage =
  'Usage: npm run founding -- [--customers 1000] [--seed 1] [--folder <new folder>] [--write]'
const customers = Number(values.customers)
const seed = Number(values.seed)
const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value > 0

if (values.help) console.log(usage)
else if (!isNumber(customers) || !isNumber(seed)) {
  console.error(usage)
  process.exitCode = 2
} else {
  const { folder } = values
  const outcome = await runFounding({
    customers,
    seed,
    ...(folder === undefined ? {} : { folder }),
    onProgress: (what, done, total) => {
      const line = `${what}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
      process.stderr.write(process.stderr.isTTY ? `\r  ${line} \x1b[K` : `  ${line}\n`)
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  for (const line of sayOutcome(outcome)) console.log(line)
  if (!isClean(outcome)) {
    process.exitCode = 1
    const again = `npm run founding -- --customers ${customers} --seed ${seed}`
    console.log(`✖ not clean. Again: ${again}`)
  } else {
    console.log('✔ clean: everybody was told the truth, and all of it was found and healed')
    if (values.write) writeFoundingPage(outcome)
  }
}
