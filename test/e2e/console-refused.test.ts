import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { chromiumLeftOut } from './available.ts'
import { openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'
import { sessionPlan } from './world.ts'

const leftOut = chromiumLeftOut()

/** One answer uses the session up; the gateway refuses the next, in these words. */
async function openRefused(t: TestContext): Promise<ConsoleWorld & { readonly message: string }> {
  const world = await openConsoleWorld(t, { plan: sessionPlan(4_000_000n) })
  await world.admin.ask()
  const { url, seat } = world.admin.world
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: seat.headers,
    body: JSON.stringify({
      model: 'claude-sonnet-4-5',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  assert.equal(response.status, 429)
  const { error } = (await response.json()) as { error: { message: string } }
  return { ...world, message: error.message }
}

test(
  'a member pastes the refusal, sees that it was right and why, and reports it to the operator',
  { skip: leftOut },
  async (t) => {
    const world = await openRefused(t)
    const page = await world.openAsMember('#/refused')

    await page.getByLabel('The refusal, or an id').fill(`API Error: 429 ${world.message}`)
    await page.getByRole('button', { name: 'Look it up' }).click()

    await sees(page, 'The refusal was right')
    await sees(page, 'What would have helped')
    await sees(page, /Turn on extra usage/)
    const proof = page.getByRole('table', { name: /^Steps of the decision/ })
    assert.match(await proof.innerText(), /Session limit\s+\$0\.0045 used.*\s+no room/)

    await page.getByRole('button', { name: 'Report this' }).click()
    await page.getByRole('button', { name: 'Report it' }).click()
    await sees(page, 'Your operator has it.')
    const { json } = await world.admin.call('GET', '/api/reports')
    assert.equal(json.reports.length, 1)
    assert.ok(world.message.includes(json.reports[0].decisionId))
  },
)

test(
  "another service's words are called that, with the command that judges them",
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const page = await world.openAsMember('#/refused')

    await page.getByLabel('The refusal, or an id').fill("You're out of extra usage.")
    await page.getByRole('button', { name: 'Look it up' }).click()

    await sees(page, 'There is no id of this service in it.')
    await sees(page, 'npm run plimsoll -- doctor')
  },
)
