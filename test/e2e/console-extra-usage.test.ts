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

  test("an owner turns the whole account's switch, sets its cap, and sets up auto-reload, but adds no funds", async (t) => {
    const { admin, openAs } = await openConsoleWorld(t)
    const { customerId } = admin.world.seat
    const page = await openAs(
      { role: 'owner', customerId },
      `#/customers/${customerId}/extra-usage`,
    )
    const accountSwitch = page.getByRole('switch', { name: 'Extra usage for the whole account' })
    await sees(page, 'Extra usage is off for the whole account')

    await page.locator('label', { has: accountSwitch }).click()
    await sees(page, 'Extra usage is on for the whole account')
    await page.getByRole('button', { name: 'Adjust limit' }).click()
    await page.getByRole('radio', { name: 'at most an amount' }).check()
    await page.getByLabel('Most per month').fill('12.50')
    await page.getByRole('button', { name: 'Set the cap' }).click()
    await sees(page, 'of at most $12.50')
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByLabel('When less than this is available').fill('5')
    await page.getByRole('textbox', { name: 'Add' }).fill('4')
    await sees(page, /one reload is enough/)
    await page.getByRole('textbox', { name: 'Add' }).fill('20')
    await page.getByLabel('At most in a month').fill('100')
    await page.getByRole('button', { name: 'Turn on' }).click()

    await sees(page, '$100.00 a month')
    await sees(page, /by a standing order of the operator, and there is none/)
    const { extraUsage } = await admin.world.figures()
    assert.equal(extraUsage.isOnForCustomer, true)
    assert.equal(extraUsage.capNanos, 12_500_000_000n)
    assert.equal(extraUsage.autoReload.setting.kind, 'on')
    assert.equal(await page.getByRole('button', { name: 'Add funds' }).count(), 0)
    await sees(page, /ask for a top-up of your account/)
  })

  test('the operator adds funds with an expiry, and takes the cap of one member away again', async (t) => {
    const { admin, openAs } = await openConsoleWorld(t)
    const { customerId, memberId } = admin.world.seat
    const member = `/customers/${customerId}/members/${memberId}`
    await admin.call('POST', `/api${member}/spend-cap`, {
      body: { cap: { kind: 'capped', amountNanos: '1000000000' } },
    })
    const page = await openAs({ role: 'operator' }, `#${member}/extra-usage`)
    const card = (name: string) => page.getByRole('region', { name, exact: true })
    await sees(page, 'of at most $1.00')

    await page.getByRole('button', { name: 'Add funds' }).click()
    await page.getByRole('radio', { name: /^Gift/ }).check()
    await page.getByLabel('Amount').fill('0.75')
    await page.getByLabel('Expires at the end of').fill('2099-12-31')
    await page.getByRole('dialog').getByRole('button', { name: 'Add funds' }).click()
    await card('Balance').getByText('$0.75').waitFor()
    await card('What the balance is made of').getByText('Gift').waitFor()
    await page.getByRole('button', { name: 'Adjust member limit' }).click()
    await page.getByRole('radio', { name: 'as much as the balance holds' }).check()
    await page.getByRole('button', { name: 'Set the cap' }).click()

    await card('Spent by this member')
      .getByText(/no cap/)
      .waitFor()
    const { extraUsage } = await admin.world.figures()
    assert.deepEqual([extraUsage.memberCapNanos, extraUsage.balanceNanos], [null, 750_000_000n])
  })
})
