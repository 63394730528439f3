import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { nanosPerUnit } from '../../src/core/money.ts'
import { chromiumLeftOut } from './available.ts'
import { goTo, openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'

const leftOut = chromiumLeftOut()

/** Two requests use the session up, and extra usage pays for the third. */
async function openUsed(t: TestContext): Promise<ConsoleWorld> {
  const world = await openConsoleWorld(t)
  await world.admin.world.turnOnExtraUsage(nanosPerUnit)
  for (let count = 0; count < 4; count += 1) await world.admin.ask()
  return world
}

const rows = (page: Page, label: string) =>
  page.getByRole('table', { name: label }).locator('tbody tr')

test(
  'L8: the history that a member exports adds up to the balance that the gate decides on',
  { skip: leftOut },
  async (t) => {
    const world = await openUsed(t)
    const page = await world.openAsMember('#/history')
    await sees(page, 'It adds up')

    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export as CSV' }).click()
    const text = readFileSync(await (await file).path(), 'utf8')

    const [head = '', ...lines] = text.trimEnd().split('\r\n')
    const column = head.split(',').indexOf('change_nanos')
    const sum = lines.reduce((all, line) => all + BigInt(line.split(',')[column] || '0'), 0n)
    const figures = await world.admin.world.figures()
    assert.equal(sum, figures.extraUsage.balanceNanos)
    assert.ok(sum < nanosPerUnit, 'something was charged')
    assert.match(lines.at(-1) ?? '', /closing_balance/)
  },
)

test(
  'filters stand in the address, and a request opens with price lines that give its cost',
  { skip: leftOut },
  async (t) => {
    const world = await openUsed(t)
    const page = await world.openAsMember('#/history')
    await rows(page, 'History').first().waitFor()

    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Charges to extra usage' })
    await page.waitForURL(/kind=charge/)
    await rows(page, 'History').nth(1).waitFor({ state: 'detached' })
    await rows(page, 'History').waitFor()
    await page.getByRole('button', { name: 'Request claude-sonnet-4-5' }).click()
    await page.waitForURL(/request=hold_/)
    await sees(page, 'It is settled, paid by extra usage.')

    const bill = page.getByRole('table', { name: 'Price lines' })
    assert.match(await bill.innerText(), /Input tokens\s+1,000\s+\$3\.00\s+\$0\.003/)
    assert.match(await bill.innerText(), /Output tokens\s+100\s+\$15\.00\s+\$0\.0015/)

    const address = page.url()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await goTo(page, new URL(address).hash)
    await sees(page, 'It is settled, paid by extra usage.')
  },
)

test(
  'the chart of the usage page has a bar that leads to its requests, and a table of the same',
  { skip: leftOut },
  async (t) => {
    const world = await openUsed(t)
    const page = await world.openAsMember('#/usage')
    const bar = page.getByRole('link', { name: /\$0\.018\. claude-sonnet-4-5/ })
    await bar.waitFor()

    await bar.press('ArrowLeft')
    assert.match(
      (await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')) ?? '',
      /: nothing$/,
    )
    await page.locator(':focus').press('ArrowRight')
    await page.locator(':focus').press('Enter')

    await page.waitForURL(/#\/history\?kind=request&from=/)
    await rows(page, 'History').nth(3).waitFor()
    await goTo(page, '#/usage?view=table')
    await rows(page, 'Usage over time').first().filter({ hasText: '$0.018' }).waitFor()
  },
)
