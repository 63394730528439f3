import assert from 'node:assert/strict'
import test from 'node:test'
import { Command } from 'commander'
import type { CommandContext } from '../command-line.ts'
import { addHistoryCommand } from './history.ts'

/** Runs `history --csv` on a server that sends these lines and then, perhaps, nothing more. */
async function writeFile(lines: readonly string[], isCut = false) {
  let out = ''
  let isDifferent = false
  const desk = {
    get: () => Promise.resolve({ customerId: 'acme', memberId: 'ada' }),
    getLines: async (_path: string, onLine: (line: string) => void) => {
      lines.forEach(onLine)
      if (isCut) throw new TypeError('terminated')
    },
  }
  const context = {
    desk: () => Promise.resolve(desk),
    isJson: false,
    terminal: { write: (text: string) => (out += text) },
    reportDifference: () => (isDifferent = true),
  } as unknown as CommandContext
  const program = new Command()
  let failure: unknown
  addHistoryCommand(program, {
    run: async (_command, work) => {
      await work(context).catch((error: unknown) => (failure = error))
    },
    runAnyway: () => Promise.resolve(),
    startServer: () => Promise.resolve(),
  })
  const words = ['history', '--csv', '--customer', 'acme', '--member', 'ada']
  await program.parseAsync(words, { from: 'user' })
  return { out, isDifferent, failure }
}

const head = 'position,moment,kind,title,balance_nanos'
const closing = ',,closing_balance,,500'
const codeOf = (failure: unknown): unknown =>
  failure instanceof Error && 'code' in failure ? failure.code : failure

test('a file that breaks off is said to, by its end or by the connection', async () => {
  const short = await writeFile([head, '1,2026,request,Ask,5'])
  const cut = await writeFile([head], true)
  const whole = await writeFile([head, closing])

  assert.deepEqual(
    [short, cut].map(({ failure }) => codeOf(failure)),
    ['file_incomplete', 'file_incomplete'],
  )
  assert.deepEqual(whole, {
    out: `${head}\n${closing}\n`,
    isDifferent: false,
    failure: undefined,
  })
})

test('a file that does not add up ends the command with the exit code of a difference', async () => {
  const { isDifferent, failure } = await writeFile([
    head,
    ',,does_not_add_up,The changes do not give the balance,',
    closing,
  ])

  assert.deepEqual([isDifferent, failure], [true, undefined])
})

test("what would steer a terminal leaves as a sign of its place, in a model's name for one", async () => {
  const { out } = await writeFile([head, '1,2026,request,\u001b[2J,5', closing])

  assert.ok(!out.includes('\u001b'))
  assert.match(out, /request,\uFFFD\[2J,5/)
})
