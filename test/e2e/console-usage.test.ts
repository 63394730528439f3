import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { startAdminServer } from '../../src/admin/admin-server.ts'
import { chromiumLeftOut } from './available.ts'
import { goTo, openConsoleWorld, sees } from './console-world.ts'
import { answering, startScriptedUpstream } from './scripted-upstream.ts'

/** The usage page in a real browser, while the real gateway serves. */

const leftOut = chromiumLeftOut()

/** Waits until the bar of the session says this. */
const bar = (page: Page, words: string): Promise<void> =>
  page
    .getByRole('meter', { name: 'Session' })
    .and(page.locator(`[aria-valuetext*="${words}"]`))
    .waitFor()

/** A page that was left without an answer asks again by itself within 40 s. */
const askedAgain = { timeout: 60_000 }

/** Nobody else gets the port of a server that comes back; whoever calls there meanwhile is hung up on. */
async function keepPlace(port: number): Promise<{ readonly leave: () => Promise<void> }> {
  const keeper = createServer((socket) => socket.destroy())
  keeper.listen(port, '127.0.0.1')
  await once(keeper, 'listening')
  const left = once(keeper, 'close')
  return {
    leave: async () => {
      if (keeper.listening) keeper.close()
      await left
    },
  }
}

describe('the usage page', { skip: leftOut }, () => {
  test('bars move while the gateway serves, up to the session that is spent', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/usage')

    await sees(page, 'starts with your next message')
    await sees(page, 'The plan pays for the next request.')
    await admin.ask()
    await bar(page, '45 % used, $0.0045 of $0.01')
    await sees(page, /^resets /)
    await admin.ask()
    await bar(page, '90 % used')
    await sees(page, 'Almost used up')
    await admin.ask()
    await bar(page, '135 % used')

    await sees(page, 'Used up')
    await sees(page, /Nothing pays for the next request/)
    await sees(page, /The plan pays again from/)
    assert.equal((await admin.ask()).status, 429)
    await page.waitForFunction("document.title.startsWith('135 % Usage')")
  })

  test('a request that runs is counted, and what it holds is shown until it ends', async (t) => {
    const end = Promise.withResolvers<void>()
    const answer = answering('Hello.', { input_tokens: 1000, output_tokens: 100 })
    const upstream = await startScriptedUpstream(async (call) => {
      await end.promise
      return answer(call)
    })
    const { admin, openAsMember, closeAtEnd } = await openConsoleWorld(t, {
      upstream: { url: upstream.url },
    })
    closeAtEnd(() => upstream.close())
    const page = await openAsMember('#/usage')

    await sees(page, /^No request is running/)
    const asked = admin.ask()
    await sees(page, /^1 request is running/)
    await sees(page, /held by running requests/)
    end.resolve()
    await asked

    await sees(page, /^No request is running/)
    await bar(page, '45 % used, $0.0045 of $0.01')
  })

  test('once the server is gone the page says since when it is stale, and is live when it is back', async (t) => {
    const { admin, openAsMember, closeAtEnd } = await openConsoleWorld(t)
    const page = await openAsMember('#/usage', { expected: /ERR_|503/ })
    const mark = page.getByRole('banner').getByRole('status')
    await sees(page, 'The plan pays for the next request.')
    await mark.filter({ hasText: 'Live' }).waitFor()

    await admin.admin.close()
    const place = await keepPlace(admin.admin.port)
    closeAtEnd(place.leave)
    await mark.filter({ hasText: /Stale since \d/ }).waitFor()
    await sees(page, 'The plan pays for the next request.')
    await admin.ask()
    await place.leave()
    const again = await startAdminServer(admin.apiParts, {
      host: '127.0.0.1',
      port: admin.admin.port,
      publicPageUrl: null,
      sessionSecret: 'a secret of the test',
      sessionIdleMs: 3_600_000,
      mounts: [],
    })
    closeAtEnd(() => again.close())

    await mark.filter({ hasText: 'Live' }).waitFor(askedAgain)
    await bar(page, '45 % used')
  })

  test('a read that fails makes the page stale though the line stands, until one comes through', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/usage', { expected: /ERR_FAILED/ })
    const mark = page.getByRole('banner').getByRole('status')
    await sees(page, 'The plan pays for the next request.')
    await mark.filter({ hasText: 'Live' }).waitFor()

    await page.route('**/api/me/usage', (route) => route.abort())
    await admin.ask()
    await mark.filter({ hasText: /Stale since \d/ }).waitFor()
    await page.unroute('**/api/me/usage')

    await mark.filter({ hasText: 'Live' }).waitFor(askedAgain)
    await bar(page, '45 % used')
  })

  test('code that did not arrive is asked for again, and takes no figure away meanwhile', async (t) => {
    const { openAs } = await openConsoleWorld(t)
    const page = await openAs({ role: 'operator' }, '#/plans', { expected: /ERR_FAILED/ })
    await sees(page, 'Test plan')
    const code = '**/usage-over-time-*.js'
    let lostCount = 0
    page.on('requestfailed', (request) => {
      if (request.url().includes('/usage-over-time-')) lostCount += 1
    })
    await page.route(code, (route) => route.abort())

    await goTo(page, '#/customers/acme/members/ada/usage')
    while (lostCount < 4) await page.waitForEvent('requestfailed')
    await sees(page, 'The plan pays for the next request.')
    await page.unroute(code)

    await page.getByText('48 hours', { exact: true }).waitFor()
    await sees(page, 'The plan pays for the next request.')
  })

  test('a page that was open when the server was upgraded says so at once, and comes anew', async (t) => {
    const { admin, openAs } = await openConsoleWorld(t)
    const page = await openAs({ role: 'operator' }, '#/plans', { expected: /404|was upgraded/ })
    await sees(page, 'Test plan')
    const [code, index] = ['**/audit-page-*.js', `${admin.admin.url}/`]
    let askedCount = 0
    await page.route(code, (route) => {
      askedCount += 1
      return route.fulfill({ status: 404 })
    })
    await page.route(index, async (route) => {
      const response = await route.fetch()
      const html = await response.text()
      await route.fulfill({ response, body: html.replaceAll(/index-[^"]+\.js/g, 'index-next.js') })
    })

    await goTo(page, '#/audit')
    await sees(page, 'Plimsoll was upgraded while this page was open.')
    assert.ok(askedCount <= 2, `${askedCount}, where one try takes a preload and an import`)
    await page.unroute(code)
    await page.unroute(index)
    await page.getByRole('button', { name: 'Try again' }).click()

    await page.getByRole('heading', { name: 'Audit log' }).waitFor()
  })

  test('a member who is paused reads that every request is refused, and who can end it', async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/usage')
    const { customerId, memberId } = admin.world.seat
    const one = `/api/customers/${customerId}/members/${memberId}`
    await sees(page, 'The plan pays for the next request.')

    await admin.call('POST', `${one}/status`, { body: { isActive: false } })
    await sees(page, /This member is paused/)
    await admin.call('POST', `${one}/status`, { body: { isActive: true } })

    await sees(page, 'The plan pays for the next request.')
  })

  test("an exception is marked, with the plan's own amount beside it", async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/usage')
    const { customerId, memberId } = admin.world.seat
    const most = { kind: 'amount', amount: '20000000' }

    await admin.call('POST', `/api/customers/${customerId}/members/${memberId}/exceptions`, {
      body: { limitId: 'session', most },
    })

    await sees(page, 'Exception')
    await sees(page, /the plan says \$0\.01/)
    await bar(page, 'of $0.02')
  })

  test('on a phone nothing scrolls sideways, and the pages are in a menu', async (t) => {
    const { openAsMember } = await openConsoleWorld(t)
    const page = await openAsMember('#/extra-usage', { viewport: { width: 390, height: 800 } })

    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Usage', exact: true }).click()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()

    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
  })
})
