import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumLeftOut } from './available.ts'
import { goTo, openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'
import { openAsOperator } from './console-operator.ts'

const leftOut = chromiumLeftOut()

/** The number of a figure of the overview. */
const figure = (page: Page, label: string): Promise<string> =>
  page
    .locator('.figure', { has: page.getByText(label, { exact: true }) })
    .locator('.value')
    .innerText()

async function admitThreeAndRefuse({ admin }: ConsoleWorld): Promise<string> {
  await admin.ask()
  await admin.ask()
  await admin.ask()
  const refused = await admin.ask()
  assert.equal(refused.status, 429)
  return refused.headers.get('x-plimsoll-decision') ?? ''
}

test(
  'the operator sees traffic as it comes, follows a refusal to its proof, and a request to its end',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const page = await openAsOperator(world, '#/overview')
    await sees(page, 'No request is running.')
    assert.equal(await figure(page, 'Admitted'), '0')

    const decisionId = await admitThreeAndRefuse(world)

    await page.getByText('the plan had no room and extra usage did not help').waitFor()
    await page.locator('.figure .value', { hasText: /^3$/ }).first().waitFor()
    assert.equal(await figure(page, 'Refused'), '1')
    await sees(page, '$0.0135')
    await page.getByRole('link', { name: 'the plan had no room' }).click()
    await page.getByRole('button', { name: 'Open the refusal of ada' }).click()
    await sees(page, 'Refused, and rightly so')
    await sees(page, 'The same decision')
    await sees(page, 'What would have let it pass')

    const reported = await world.admin.call('POST', '/api/me/reports', {
      token: world.admin.world.seat.keyText,
      body: { decisionId },
    })
    assert.equal(reported.status, 200, reported.text)
    await page.getByRole('link', { name: 'Decisions' }).first().click()
    await page.getByRole('button', { name: 'Open what ada reported' }).click()
    await sees(page, 'Refused, and rightly so')
    await page.getByRole('link', { name: '← Decisions' }).click()
    await page.getByRole('button', { name: 'Open the request of ada' }).first().click()
    await sees(page, 'Admitted, and rightly so')
    await page.getByRole('link', { name: '← Decisions' }).click()
    await page.getByLabel('Decision, hold, request or upstream id').fill('hold_nobody')
    await page.getByRole('button', { name: 'Find' }).click()
    await sees(page, 'No request has this id.')
  },
)

test(
  'the audit log says who did what, and keeps its filters in the address',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const { admin } = world
    await admin.call('POST', '/api/customers/acme/top-ups', { body: { amountNanos: '7000000000' } })
    const page = await openAsOperator(world, '#/audit')

    await sees(page, 'Top-up of $7.00')
    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Keys' })
    await page.getByText('Top-up of $7.00').waitFor({ state: 'detached' })
    await sees(page, /^Key key_\w+ issued$/)

    assert.match(page.url(), /#\/audit\?act=keys$/)
    await admin.call('POST', '/api/customers/acme/gifts', { body: { amountNanos: '2000000000' } })
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await sees(page, 'Gift of $2.00')
    await page.getByRole('link', { name: 'Only what The system did' }).first().click()
    await page.getByText('Gift of $2.00').waitFor({ state: 'detached' })
    assert.equal(await page.getByLabel('Who', { exact: true }).inputValue(), 'system')
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await sees(page, 'Gift of $2.00')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'CSV' }).click()
    assert.equal((await download).suggestedFilename(), 'plimsoll-audit.csv')
  },
)

test(
  'a verify and a backup are made from the page, say what they found, and are in the audit log',
  { skip: leftOut },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-console-backup-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const world = await openConsoleWorld(t)
    await world.admin.ask()
    const page = await openAsOperator(world, '#/storage')

    await page.getByRole('button', { name: 'Verify now' }).click()
    await sees(page, 'Everything is right.')
    await page.getByLabel('File, on the server’s machine').fill(join(folder, 'one.db'))
    await page.getByRole('button', { name: 'Back up now' }).click()
    await sees(page, 'Written, checked and found right.')
    await page.getByRole('button', { name: 'Back up now' }).click()
    await sees(page, /Choose another file/)

    await goTo(page, '#/audit')
    await sees(page, /^A backup was taken/)
    await sees(page, 'Name of olga')
    await goTo(page, '#/settings')
    await sees(page, 'waitersMax')
    await sees(page, '--waiters-max; default 8')
    await sees(page, '[secret]')
    await page.getByLabel('Only what somebody set').check()
    await page.getByText('gatewayPort', { exact: true }).waitFor({ state: 'detached' })
    assert.equal(await page.getByText('not-to-be-seen').count(), 0)
  },
)

test(
  'on a phone a setting has its name in one line above its sentence',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const phone = { viewport: { width: 390, height: 844 } }
    const page = await world.openAs({ role: 'operator' }, '#/settings', phone)

    const name = page.getByText('upstreamSilenceMaxMs', { exact: true })
    const sentence = page.getByText('The longest silence within an answer')
    const below = await sentence.elementHandle()
    // Measured in one go, so that nothing is drawn in between.
    const { heightPx, apartPx } = await name.evaluate((above, other) => {
      const [first, second] = [above.getBoundingClientRect(), other?.getBoundingClientRect()]
      return { heightPx: first.height, apartPx: (second?.top ?? Number.NaN) - first.bottom }
    }, below)

    assert.ok(heightPx < 40, `the name is ${heightPx} px high`)
    assert.ok(apartPx >= -1, `the sentence begins ${apartPx} px below it`)
  },
)

test(
  'filters stand side by side whichever page was open before, and one button clears them',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const page = await openAsOperator(world, '#/decisions')
    const filters = page.getByRole('search', { name: 'Filters' })
    const topOf = (label: string): Promise<number> =>
      filters.getByLabel(label).evaluate((field) => Number(Reflect.get(field, 'offsetTop')))
    const areSideBySide = async (): Promise<boolean> =>
      (await topOf('Customer id')) === (await topOf('Member id'))
    await filters.waitFor()
    assert.ok(await areSideBySide())

    await goTo(page, '#/customers')
    await page.getByRole('heading', { name: 'Customers' }).waitFor()
    await page.getByRole('searchbox').waitFor()
    await goTo(page, '#/decisions?customer=nobody&source=plan')
    await sees(page, 'No request was admitted so.')

    assert.ok(await areSideBySide())
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await page.getByText('No request was admitted so.').waitFor()
    assert.equal(await filters.getByLabel('Customer id').inputValue(), '')
    assert.match(page.url(), /#\/decisions$/)
  },
)
