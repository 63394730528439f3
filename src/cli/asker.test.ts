import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { nextTurn } from '../system/next-turn.ts'
import { Asker } from './asker.ts'

function keyboard() {
  const input = new PassThrough()
  const output = new PassThrough()
  const asker = new Asker({ input, output, onInterrupt: () => {} })
  let shown = ''
  output.setEncoding('utf8').on('data', (text: string) => (shown += text))
  return { input, asker, shown: () => shown }
}

test('what is typed ahead of a question belongs to the next', async () => {
  const { input, asker, shown } = keyboard()
  input.write('0\n12\n100\n')

  const answers = [
    await asker.ask('Session: '),
    await asker.ask('Week: '),
    await asker.ask('Balance: '),
  ]

  assert.deepEqual(answers, ['0', '12', '100'])
  await nextTurn()
  assert.match(shown(), /Session: .*Week: .*Balance: /s)
})

test('a keyboard that is gone answers every further question with nothing', async () => {
  const { input, asker } = keyboard()
  const first = asker.ask('Session: ')
  input.end()

  assert.equal(await first, '')
  assert.equal(await asker.ask('Week: '), '')
})
