import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { folderFor, startFor, type ServerProcess } from '../running/server-process.ts'
import { chromiumLeftOut } from './available.ts'
import { launchBrowser, sees } from './console-world.ts'

/** The demo world as a person meets it: a first start, a page that looks alive, and one click to an empty desk. */

const password = 'kettle willow orbit 7'

/** The operator's account is made with the token, as `npm run plimsoll` would; the page keeps its session. */
async function setUp(page: Page, folder: string): Promise<void> {
  const token = readFileSync(join(folder, 'operator-token'), 'utf8').trim()
  const status = await page.evaluate(
    async ({ bearer, secret }) => {
      const body = { email: 'olga@example.com', name: 'Olga', password: secret }
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': 'set-up',
        authorization: `Bearer ${bearer}`,
      }
      const sent = { method: 'POST', headers, body: JSON.stringify(body) }
      return (await fetch('api/session/set-up', sent)).status
    },
    { bearer: token, secret: password },
  )
  assert.equal(status, 200)
}

async function goTo({ adminUrl }: ServerProcess, page: Page, hash: string): Promise<void> {
  await page.goto(`${adminUrl}/${hash}`)
  await page.reload()
}

test(
  'the demo world looks alive, says what it is, and is gone after one click and a confirmation',
  { skip: chromiumLeftOut() },
  async (t) => {
    const folder = folderFor(t, 'console-demo')
    const flags = ['--is-demo-seeded', 'true', '--is-demo-alive', 'false']
    const server = await startFor(t, { folder, flags })
    const browser = await launchBrowser()
    t.after(() => browser.close())
    const page = await browser.newPage({ locale: 'en-US' })
    page.setDefaultTimeout(20_000)
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    await page.goto(`${server.adminUrl}/`)
    await setUp(page, folder)

    await goTo(server, page, '#/customers')
    await page.getByRole('button', { name: /Northwind Robotics/ }).click()
    await page.getByRole('heading', { name: 'Northwind Robotics' }).waitFor()
    await sees(page, '12 members.')
    await page.getByRole('meter').nth(15).waitFor()
    await page.getByRole('button', { name: 'Sofia Marino' }).click()
    await page.getByText('Used up').first().waitFor()

    await sees(page, 'Demo world.')
    await page.getByRole('link', { name: 'Remove it' }).click()
    const question = page.getByRole('alertdialog')
    await question.getByText(/stay in it, under ids only/).waitFor()
    await question.getByRole('button', { name: 'Remove the demo world' }).click()
    await sees(page, 'There is no customer yet.')
    await page.getByText('Demo world.').waitFor({ state: 'detached' })

    await goTo(server, page, '#/plans')
    await sees(page, 'nobody on it')
    assert.equal(await page.getByText(/members? on it/).count(), 0)
    await goTo(server, page, '#/settings')
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /Remove the demo/ }).count(), 0)
    const me = await fetch(`${server.adminUrl}/api/me/usage`, {
      headers: { authorization: `Bearer ${server.demoKey}` },
    })
    assert.equal(me.status, 401)
    assert.deepEqual(faults, [])
  },
)
