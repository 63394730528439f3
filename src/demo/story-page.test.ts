import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Clock } from '../system/clock.ts'
import { createStoryPage, type StoryPage } from './story-page.ts'

/** Time that passes only when a test says so. */
class StoppedClock implements Clock {
  readonly callbacks: (() => void)[] = []
  wallMs(): number {
    return 0
  }
  elapsedMs(): number {
    return 0
  }
  after(_delayMs: number, callback: () => void): () => void {
    this.callbacks.push(callback)
    return () => {}
  }
}

type Opened = { readonly page: StoryPage; readonly clock: StoppedClock }

function openPage(t: TestContext, source: string | null): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-story-page-'))
  const program = join(folder, 'program.mjs')
  if (source !== null) writeFileSync(program, source)
  const clock = new StoppedClock()
  const page = createStoryPage({ clock, program })
  t.after(() => {
    page.close()
    rmSync(folder, { recursive: true })
  })
  return { page, clock }
}

const get = (host = '127.0.0.1:4181'): Request => new Request(`http://${host}/story`)

const wellBehaved = `
console.log(JSON.stringify({ url: 'http://127.0.0.1:' + (10000 + (process.pid % 50000)) }))
process.stdin.resume()
process.stdin.once('end', () => process.exit(0))`

test('the first visit starts the story and later ones go to the same', async (t) => {
  const { page } = openPage(t, wellBehaved)

  const [first, second] = await Promise.all([
    page.answer(get()),
    page.answer(get('localhost:4181')),
  ])
  const third = await page.answer(get())

  assert.equal(first.status, 303)
  assert.match(first.headers.get('location') ?? '', /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal(second.headers.get('location'), first.headers.get('location'))
  assert.equal(third.headers.get('location'), first.headers.get('location'))
})

test('after the story was closed, a visit starts another', async (t) => {
  const { page } = openPage(t, wellBehaved)
  const first = await page.answer(get())

  page.close()
  const second = await page.answer(get())

  assert.equal(second.status, 303)
  assert.notEqual(second.headers.get('location'), first.headers.get('location'))
})

test('without the program, and from another machine, the answer says what to do', async (t) => {
  const { page } = openPage(t, null)

  const missing = await page.answer(get())
  const remote = await page.answer(get('plimsoll.example:4181'))

  assert.equal(missing.status, 404)
  assert.equal(remote.status, 403)
  assert.match(await missing.text(), /npm run story/)
  assert.match(await remote.text(), /npm run story/)
})

test('a program that ends, or names no address of this machine, makes a 503 and can be tried again', async (t) => {
  for (const source of [
    'process.exit(3)',
    "console.log('hello')",
    `console.log(JSON.stringify({ url: 'https://elsewhere.example' })); process.stdin.resume()`,
    "process.stdout.write('x'.repeat(5000)); process.stdin.resume()",
  ]) {
    const { page } = openPage(t, source)

    const first = await page.answer(get())
    const again = await page.answer(get())

    assert.equal(first.status, 503, source)
    assert.equal(again.status, 503, source)
  }
})

test('a program that says nothing is given up when its time has passed', async (t) => {
  const { page, clock } = openPage(t, 'process.stdin.resume()')

  const answer = page.answer(get())
  for (const callback of clock.callbacks) callback()

  assert.equal((await answer).status, 503)
})
