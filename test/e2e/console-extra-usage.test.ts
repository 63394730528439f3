import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumLeftOut } from './available.ts'
import { openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'

/** The extra usage page in a real browser: the switches, the money behind them, and what the gate does. */

const leftOut = chromiumLeftOut()

/** The session has room for two requests and a little, so the fourth asks for extra usage. */
async function spendSession({ admin }: ConsoleWorld): Promise<void> {
  for (let asked = 0; asked < 3; asked += 1) assert.equal((await admin.ask()).status, 200)
}

const ownSwitch = (page: Page) => page.getByRole('switch', { name: 'Extra usage for you' })

async function turnOff(page: Page): Promise<void> {
  // What is pressed is the label around the switch, as a reader does.
  await page.locator('label', { has: ownSwitch(page) }).click()
  const dialog = page.getByRole('alertdialog')
  await dialog.getByText(/Nothing is lost/).waitFor()
  await dialog.getByRole('button', { name: 'Turn off' }).click()
  await dialog.waitFor({ state: 'hidden' })
}

describe('the extra usage page', { skip: leftOut }, () => {
  test('D3: off is confirmed, and off and on again leaves the gate and the money as they were', async (t) => {
    const world = await openConsoleWorld(t)
    const { admin, openAsMember } = world
    await admin.world.turnOnExtraUsage(5_000_000_000n)
    await spendSession(world)
    const page = await openAsMember('#/extra-usage')
    await sees(page, 'Extra usage is on for you')
    const before = await admin.world.figures()

    await turnOff(page)
    await sees(page, 'Your own switch is in the way.')
    assert.equal((await admin.ask()).status, 429)
    await page.locator('label', { has: ownSwitch(page) }).click()
    await sees(page, 'Extra usage is on for you')

    const after = await admin.world.figures()
    assert.deepEqual(after.extraUsage, before.extraUsage)
    assert.equal((await admin.ask()).status, 200)
    await sees(page, '$4.9955')
  })

  test('the way out of the confirmation changes nothing', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/extra-usage')

    await page.locator('label', { has: ownSwitch(page) }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' })

    assert.equal(await ownSwitch(page).isChecked(), true)
    assert.equal((await admin.world.figures()).extraUsage.isOnForMember, true)
  })

  test('which switch is in the way is said, and by whom it can be turned on', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/extra-usage')

    await sees(page, "The account's switch is in the way.")
    await sees(page, /owner or the operator can turn that on/)
    const { customerId } = admin.world.seat
    await admin.call('POST', `/api/customers/${customerId}/extra-usage`, { body: { isOn: true } })

    await sees(page, 'Extra usage is on for you')
    assert.equal(await page.getByText('is in the way.').count(), 0)
  })

  test('D15: a top-up and a cap show at once, as two numbers, with each grant and its expiry', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/extra-usage')
    const customer = `/api/customers/${admin.world.seat.customerId}`
    const card = (name: string) => page.getByRole('region', { name, exact: true })
    await sees(page, 'There is nothing in the balance.')
    const expiresAtMs = admin.world.parts.clock.wallMs() + 7 * 86_400_000

    await admin.call('POST', `${customer}/top-ups`, { body: { amountNanos: '25000000000' } })
    await admin.call('POST', `${customer}/gifts`, {
      body: { amountNanos: '1234567', expiresAtMs },
    })
    await admin.call('POST', `${customer}/spend-cap`, {
      body: { cap: { kind: 'capped', amountNanos: '10000000000' } },
    })

    await card('Balance').getByText('$25.001234567').waitFor()
    await card('Monthly spend cap').getByText('of at most $10.00').waitFor()
    const rows = card('What the balance is made of').getByRole('row')
    await rows
      .filter({ hasText: 'Gift' })
      .filter({ hasText: /in 6 d|in 7 d/ })
      .waitFor()
    await rows.filter({ hasText: 'Top-up' }).filter({ hasText: 'never' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Add funds' }).count(), 0)
    await sees(page, /ask your account's owner, or the operator/)
  })
})
