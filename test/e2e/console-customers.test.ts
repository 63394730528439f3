import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { customerId } from '../../src/core/ids.ts'
import { listKeys } from '../../src/operations/list-keys.ts'
import { chromiumLeftOut } from './available.ts'
import { noteTexts, openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'
import { openAsOperator } from './console-operator.ts'

/** The operator's and the owner's pages about customers and members, in a real browser. */

const leftOut = chromiumLeftOut()

const dialog = (page: Page) => page.getByRole('dialog').or(page.getByRole('alertdialog'))

/** Waits until the one bar of the page says this; 0 % is within "90 %" as a part of a text. */
const seesUsed = (page: Page, percent: number): Promise<void> =>
  page.getByText(`${percent} % used`, { exact: true }).waitFor()

async function publishSmallPlan({ admin }: ConsoleWorld): Promise<void> {
  const plans = {
    small: {
      name: 'Small',
      limits: { session: { money: '0.002', window: { kind: 'session', hours: 5 } } },
    },
  }
  const body = { content: JSON.stringify({ plans }) }
  assert.equal((await admin.call('POST', '/api/plans', { body })).status, 200)
}

test(
  'the operator finds a customer, opens one, seats a member and gives it a key that works',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    await world.admin.ask()
    const page = await openAsOperator(world, '#/customers')
    await page.getByRole('row', { name: /acme/ }).getByText('45 %').waitFor()

    await page.getByRole('button', { name: 'New customer' }).click()
    await dialog(page).getByLabel('Name').fill('Inês & Co')
    await dialog(page).getByLabel('Id', { exact: true }).fill('ines')
    await dialog(page).getByRole('button', { name: 'Open the customer' }).click()
    await page.getByRole('heading', { name: 'Inês & Co' }).waitFor()
    await sees(page, 'There is no member yet.')
    await page.getByRole('button', { name: 'New member' }).click()
    await dialog(page).getByLabel('Name').fill('Ana')
    await dialog(page).getByRole('button', { name: 'Seat the member' }).click()
    await page.getByRole('heading', { name: 'Ana', exact: true }).waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    await dialog(page).getByLabel('Name').fill('Laptop')
    await dialog(page).getByRole('button', { name: 'Make the key' }).click()
    const keyText = await dialog(page).getByRole('region', { name: 'key' }).innerText()
    const response = await fetch(`${world.admin.world.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': keyText.trim(), 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-sonnet-4-5',
        max_tokens: 500,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    })
    assert.equal(response.status, 200)
    await response.text()

    await dialog(page).getByRole('button', { name: 'Done' }).click()
    await page.getByRole('cell', { name: 'Laptop', exact: true }).waitFor()
    await seesUsed(page, 45)
    await page.goto(`${world.admin.admin.url}/#/customers`)
    await page.getByLabel('Search customers by name or id').fill('ines')
    await page.getByRole('row', { name: /acme/ }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Inês & Co' }).waitFor()
    await page.waitForURL(/search=ines/)

    const field = page.getByLabel('Search customers by name or id')
    await page.getByRole('link', { name: 'Customers', exact: true }).click()
    await page.getByRole('row', { name: /acme/ }).waitFor()
    assert.equal(await field.inputValue(), '', 'a search that is left does not come back')
  },
)

test(
  'a member gets an exception, a gifted reset and another plan, each with what it changes said first',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    await publishSmallPlan(world)
    await world.admin.ask()
    await world.admin.ask()
    const page = await openAsOperator(world, '#/customers/acme/members/ada')
    await seesUsed(page, 90)

    await page.getByRole('button', { name: 'New exception' }).click()
    await dialog(page).getByLabel('Amount', { exact: true }).last().fill('0.02')
    await dialog(page).getByRole('button', { name: 'Make the exception' }).click()
    await seesUsed(page, 45)
    await sees(page, 'An exception for this member: the plan says $0.01.')
    await page.getByRole('button', { name: 'Take back' }).click()
    await dialog(page).getByRole('button', { name: 'Take it back' }).click()
    await seesUsed(page, 90)
    await page.getByRole('button', { name: 'Gift a reset' }).click()
    await dialog(page).getByRole('button', { name: 'Gift the reset' }).click()
    await seesUsed(page, 0)
    await world.admin.ask()
    await seesUsed(page, 45)

    await page.getByRole('button', { name: 'Change plan' }).click()
    await dialog(page).getByText('Session: lowered from $0.01 to $0.002').waitFor()
    await dialog(page).getByText('A limit of the new plan is used up already.').waitFor()
    await dialog(page).getByRole('button', { name: 'Move to Small' }).click()
    await seesUsed(page, 225)
    assert.equal((await world.admin.ask()).status, 429)
  },
)

test(
  'a paused member is refused and goes on when resumed, a revoked key is refused, and erased names are gone',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const { admin } = world
    await admin.call('POST', '/api/customers/acme/members', {
      body: { memberId: 'ada', name: 'Ada L.', planId: 'test' },
    })
    const page = await openAsOperator(world, '#/customers/acme/members/ada')

    await page.getByRole('heading', { name: 'Ada L.' }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await dialog(page).getByRole('button', { name: 'Pause' }).click()
    await sees(page, 'This member is paused.')
    assert.equal((await admin.ask()).status, 403)
    await page.getByRole('button', { name: 'Resume' }).click()
    await dialog(page).getByRole('button', { name: 'Resume' }).click()
    await page.getByText('This member is paused.').waitFor({ state: 'detached' })
    assert.equal((await admin.ask()).status, 200)
    await page.getByRole('button', { name: 'Erase names' }).click()
    await dialog(page).getByRole('button', { name: 'Erase names' }).click()
    await page.getByRole('heading', { name: 'ada', exact: true }).waitFor()
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    const titles = await noteTexts(page, '[role=alertdialog] h2')
    await page.getByRole('button', { name: /^Revoke key_/ }).click()
    await dialog(page).getByRole('button', { name: 'Revoke the key' }).click()
    await sees(page, 'No key works.')
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    const keys = await listKeys(admin.world.parts, customerId('acme'))
    assert.ok(keys.every(({ revokedAtMs }) => revokedAtMs !== null))
    assert.deepEqual(await titles(), [`Revoke ${keys[0]?.keyId}?`], 'also while it goes away')
  },
)

test(
  'an owner manages the own customer, and is offered nothing that is the operator’s',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    await world.admin.call('POST', '/api/customers/acme/members', {
      body: { memberId: 'ada', name: 'Ada Lovelace', planId: 'test' },
    })
    await world.admin.ask()
    const page = await world.openAs({ role: 'owner', customerId: 'acme' }, '#/customer')

    await page.getByRole('heading', { name: 'Members' }).waitFor()
    await page.getByRole('button', { name: 'Ada Lovelace' }).waitFor()
    await page.getByText('Monthly spend cap').waitFor()
    await page.getByRole('region', { name: 'Auto-reload' }).waitFor()
    await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor()
    for (const name of ['Pause', 'Erase names', 'Add funds']) {
      assert.equal(await page.getByRole('button', { name }).count(), 0, name)
    }
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await seesUsed(page, 45)
    for (const name of ['Gift a reset', 'New exception', 'Erase names']) {
      assert.equal(await page.getByRole('button', { name }).count(), 0, name)
    }
    await page.getByRole('button', { name: 'Change plan' }).click()
    await sees(page, 'This customer’s members have no other plan.')
    await dialog(page).getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await dialog(page).getByRole('button', { name: 'Pause' }).click()
    await sees(page, 'This member is paused.')
    assert.equal((await world.admin.ask()).status, 403)
    await page.getByRole('link', { name: 'Usage', exact: true }).click()
    await page.getByRole('heading', { name: 'The next request' }).waitFor()
  },
)
