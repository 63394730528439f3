import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { DamageStoredSums } from './damage.ts'
import type { Reply } from './half.ts'
import { openModelUpstream } from './model-upstream.ts'
import { openOneBook, type OneBook, type OneBookTerms } from './one-book.ts'
import { playStory, type PlayedStory } from './play-story.ts'
import { isAsExpected } from './scene.ts'
import { playScenes, scenes } from './scenes.ts'
import { nextPrompt, yesterdaysRequests, yesterdaysWork } from './seat.ts'
import { StoryClock } from './story-clock.ts'
import { openStoryWorld } from './story-world.ts'

const dayMs = 24 * 3_600_000

/** One or more books with a seat of their own, on one clock and one model. */
async function openBooks(
  t: TestContext,
  ...terms: readonly OneBookTerms[]
): Promise<{ readonly clock: StoryClock; readonly books: readonly OneBook[] }> {
  const clock = new StoryClock(0)
  const upstream = await openModelUpstream()
  t.after(() => upstream.close())
  const books: OneBook[] = []
  for (const one of terms) {
    const parts = { clock, weekStartMs: clock.wallMs() - 3 * dayMs, upstreamUrl: upstream.url }
    const book = await openOneBook(parts, one)
    t.after(() => book.close())
    books.push(book)
  }
  return { clock, books }
}

function missesOf(story: Pick<PlayedStory, 'scenes'>): readonly string[] {
  return story.scenes.flatMap((scene) =>
    scene.checks
      .filter(({ isMet }) => !isMet)
      .map(({ what, expected, seen }) => `${scene.id}: ${what}: ${expected}, saw ${seen}`),
  )
}

test('D1: at 12 % of the week and $100.00 unspent the two books refuse until the toggle, and the one book answers', async () => {
  const story = await playStory()

  assert.deepEqual(missesOf(story), [])
  assert.deepEqual(
    story.scenes.map(({ id }) => id),
    ['yesterday', 'update', 'request', 'dashboards', 'new-login', 'toggle', 'record'],
  )
  assert.ok(story.scenes.every(({ checks }) => checks.length > 0))
  assert.equal(story.journal[0]?.kind, 'member_seated')
  assert.ok(story.journal.some(({ kind }) => kind === 'drift_found'))
  assert.ok(!story.journal.some(({ kind }) => kind === 'extra_usage_set'))
  assert.match(story.explanation.join('\n'), /Admitted, and rightly so/)
  for (const drift of story.drifts) {
    assert.match(drift.where, /^(customer|member):subscriber$/)
    assert.ok(drift.sincePosition > 0 && drift.sincePosition < (story.journal[0]?.position ?? 0))
    assert.ok(drift.sinceMs < drift.foundAtMs)
  }
})

test('a story in which no event is lost is not the story, and says where it differs', async () => {
  const world = await openStoryWorld()
  try {
    world.twoBooks.service.renewAndLoseAnEvent = () => world.twoBooks.service.renew()

    const played = await playScenes(world, scenes)

    assert.equal(isAsExpected(played), false)
    assert.ok(missesOf({ scenes: played }).some((miss) => miss.startsWith('request: two books')))
  } finally {
    await world.close()
  }
})

const damages: readonly (readonly [string, DamageStoredSums])[] = [
  ['are no JSON', (rows) => rows.map((row) => ({ ...row, state: 'no sums' }))],
  ['are those of nobody', (rows) => rows.map((row) => ({ ...row, state: '{}' }))],
  ['are gone', () => []],
  ['claim a position in the future', (rows) => rows.map((row) => ({ ...row, position: 10 ** 9 }))],
  [
    'are huge and negative',
    (rows) =>
      rows.map((row) => ({ ...row, state: row.state.replaceAll(/"\d+"/g, '"-9223372036"') })),
  ],
]

for (const [what, damage] of damages) {
  test(`D1: stored sums that ${what} change no answer, and are found, recorded and healed`, async (t) => {
    const { clock, books } = await openBooks(t, { isExtraUsageOn: true })
    const [book] = books
    assert.ok(book !== undefined)
    await book.send(yesterdaysWork)
    clock.advance(dayMs / 2)
    const before = await book.readUsage()

    await book.corrupt(damage)
    const reply = await book.send(nextPrompt)

    assert.deepEqual(
      { status: reply.status, source: reply.source },
      { status: 200, source: 'plan' },
    )
    assert.deepEqual(await book.readUsage(), before)
    assert.ok((await book.drifts()).length > 0)
    const { isClean, differences } = await book.verify()
    assert.deepEqual({ isClean, differences }, { isClean: true, differences: [] })
  })
}

test('D2: with extra usage off the plan pays, whatever the stored sums say; the two books refuse', async (t) => {
  const { books } = await openBooks(t, { isExtraUsageOn: false })
  const [book] = books
  assert.ok(book !== undefined)
  await book.corrupt()
  const world = await openStoryWorld()
  t.after(() => world.close())
  await world.twoBooks.save(false)
  world.twoBooks.service.renewAndLoseAnEvent()

  const fromOneBook = await book.send(nextPrompt)
  const fromTwoBooks = await world.twoBooks.send(nextPrompt)

  assert.equal(fromOneBook.status, 200)
  assert.equal(fromOneBook.source, 'plan')
  assert.equal(fromTwoBooks.status, 400)
  assert.equal((await book.readUsage()).spent, '$0.00')
})

test('D3: off and save, on and save, on again: every later decision is that of a twin who never toggled', async (t) => {
  const { books } = await openBooks(t, { isExtraUsageOn: true }, { isExtraUsageOn: true })
  const [toggled, twin] = books
  assert.ok(toggled !== undefined && twin !== undefined)
  const workThrough = async (book: OneBook): Promise<readonly Reply[]> => {
    const replies: Reply[] = []
    for (let sent = 0; sent <= yesterdaysRequests; sent += 1) {
      replies.push(await book.send(yesterdaysWork))
    }
    // The session is full by now.
    replies.push(await book.send(nextPrompt), await book.send(nextPrompt))
    return replies
  }

  for (const isOn of [false, true, true]) await toggled.save(isOn)
  const decisions = (replies: readonly Reply[]): readonly string[] =>
    replies.map(({ status, source }) => `${status} ${source}`)
  const ofToggled = decisions(await workThrough(toggled))
  const ofTwin = decisions(await workThrough(twin))

  assert.deepEqual(ofToggled, ofTwin)
  assert.deepEqual(ofTwin.slice(-3), ['200 plan', '200 extra_usage', '200 extra_usage'])
  const { saveCount: saves, ...usage } = await toggled.readUsage()
  const { saveCount: twinSaves, ...twinUsage } = await twin.readUsage()
  assert.deepEqual(usage, twinUsage)
  assert.deepEqual({ saves, twinSaves }, { saves: 3, twinSaves: 0 })
  assert.equal(usage.spent, '$0.02')
})

const program = join(import.meta.dirname, 'story.ts')

function runStory(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

test('without a terminal the story prints its scenes and ends by itself with 0', async () => {
  const child = runStory()
  assert.ok(child.stdout !== null)

  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')])

  assert.equal(exitCode, 0)
  assert.match(
    output,
    /a plausible model of what users reported; the vendor has published no\s+cause/,
  )
  assert.match(output, /All 7 scenes went as expected/)
  assert.equal(output.includes('\u001b'), false)
})

test('--json prints the scenes for a program', async () => {
  const child = runStory('--json')
  assert.ok(child.stdout !== null)

  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')])

  const story = JSON.parse(output) as PlayedStory & { note: string }
  assert.equal(exitCode, 0)
  assert.equal(story.isAsExpected, true)
  assert.equal(story.scenes.length, 7)
  assert.match(story.note, /the vendor has published no cause/)
})

test('an unknown option ends with 2, so that nobody takes it for a scene that differs', async () => {
  const child = spawn(process.execPath, [program, '--sing'], { stdio: ['ignore', 'pipe', 'pipe'] })

  const [complaint, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  assert.equal(exitCode, 2)
  assert.match(complaint, /unknown option '--sing'/)
})

test('--serve tells its address first, and ends when its standard input does', async () => {
  const child = runStory('--serve')
  assert.ok(child.stdout !== null && child.stdin !== null)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString('utf8')) as { url: string }

  const page = await fetch(url)
  const body = await page.text()
  child.stdin.end()
  const [exitCode] = (await once(child, 'exit')) as [number]

  assert.equal(page.status, 200)
  assert.match(body, /The same morning, twice/)
  assert.equal(exitCode, 0)
})
