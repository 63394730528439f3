import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { chromium, type Locator, type Page } from 'playwright-core'
import { Stage } from '../world/stage.ts'
import { openStageServer } from '../world/stage-server.ts'
import { chromiumBinary, chromiumLeftOut } from './available.ts'

/** The story's page in a real browser, used as a visitor would. */

type Visit = { readonly page: Page; readonly faults: readonly string[] }

async function visit(t: TestContext): Promise<Visit> {
  const stage = new Stage()
  const server = await openStageServer(stage)
  const browser = await chromium.launch({
    executablePath: chromiumBinary() ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-sync',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  })
  t.after(async () => {
    await browser.close()
    await server.close()
    await stage.close()
  })
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) faults.push(`asked ${request.url()}`)
  })
  await page.goto(server.url)
  await Promise.all([stage.play(), stage.startOver()])
  return { page, faults }
}

const press = (half: Locator, name: string): Promise<void> =>
  half.getByRole('button', { name, exact: true }).click()

async function lastLine(half: Locator, expected: RegExp): Promise<void> {
  const last = half.getByRole('log').locator('.row').last()
  await last.filter({ hasText: expected }).waitFor()
}

test('a visitor is refused by two books until off and on are saved, and never by the one book', async (t) => {
  const leftOut = chromiumLeftOut()
  if (leftOut !== false) return t.skip(leftOut)
  const { page, faults } = await visit(t)
  const twoBooks = page.locator('[data-side="two-books"]')
  const oneBook = page.locator('[data-side="one-book"]')
  await page.getByText('All 7 scenes went as expected.').waitFor()

  await press(twoBooks, 'Send a request')
  await lastLine(twoBooks, /400 invalid_request_error: You're out of extra usage/)
  await press(twoBooks, 'Log in again')
  await lastLine(twoBooks, /new log-in/)
  await press(twoBooks, 'Send a request')
  await lastLine(twoBooks, /400 invalid_request_error/)
  for (const choice of ['off', 'on']) {
    await twoBooks.getByLabel(choice, { exact: true }).check()
    await press(twoBooks, 'Save')
    await lastLine(twoBooks, new RegExp(`extra usage ${choice}, save`))
  }
  await press(twoBooks, 'Send a request')
  await lastLine(twoBooks, /200/)

  await press(oneBook, 'Send a request')
  await lastLine(oneBook, /200 · paid by plan/)
  const drifts = page.getByRole('region', { name: 'Drift record' }).locator('tbody tr')
  const found = await drifts.count()
  await press(oneBook, 'Corrupt the stored sums')
  await lastLine(oneBook, /restarted/)
  await press(oneBook, 'Send a request')
  await lastLine(oneBook, /200 · paid by plan/)
  await press(oneBook, 'Recompute everything')
  await lastLine(oneBook, /no difference left/)

  assert.ok(found > 0)
  assert.ok((await drifts.count()) > found)
  assert.deepEqual(faults, [])
})

test('the page fits a phone, and its buttons are reached and pressed with the keyboard', async (t) => {
  const leftOut = chromiumLeftOut()
  if (leftOut !== false) return t.skip(leftOut)
  const { page, faults } = await visit(t)
  await page.setViewportSize({ width: 400, height: 800 })
  await page.getByText('All 7 scenes went as expected.').waitFor()
  const twoBooks = page.locator('[data-side="two-books"]')

  const width = await page.evaluate('document.documentElement.scrollWidth')
  await page.getByRole('button', { name: 'Start over' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')

  assert.equal(width, 400)
  await lastLine(twoBooks, /400 invalid_request_error/)
  assert.deepEqual(faults, [])
})
