import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core'
import { startAdminServer } from '../../src/admin/admin-server.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { chromiumBinary, chromiumLeftOut } from './available.ts'
import { createSteeredClock } from './steered-clock.ts'
import { sessionPlan, type WorldOptions } from './world.ts'

/** The live page in a real browser, on the real server. One request of the world costs $0.0045. */
const centPlan = sessionPlan(10_000_000n)

type Visit = { readonly admin: AdminWorld; readonly page: Page; readonly faults: readonly string[] }
type VisitOptions = {
  readonly world?: Partial<WorldOptions>
  readonly browser?: BrowserContextOptions
  readonly hash?: (admin: AdminWorld) => string
}

async function visit(t: TestContext, options: VisitOptions = {}): Promise<Visit> {
  const admin = await openAdminWorld({ plan: centPlan, ...options.world })
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
    await admin[Symbol.asyncDispose]()
  })
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin', ...options.browser })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(admin.admin.url)) faults.push(`asked ${request.url()}`)
  })
  const hash = options.hash?.(admin) ?? `#${admin.world.seat.keyText}`
  await page.goto(`${admin.admin.url}/${hash}`)
  return { admin, page, faults }
}

const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor()

const leftOut = chromiumLeftOut()

test(
  'a key in the address shows the figures, and leaves the address bar',
  { skip: leftOut },
  async (t) => {
    const { admin, page, faults } = await visit(t)

    await page.getByRole('heading', { name: 'ada' }).waitFor()
    await sees(page, 'The plan pays for your next request.')
    await sees(page, 'starts with your next message')

    assert.equal(page.url(), `${admin.admin.url}/`)
    await page.reload()
    await page.getByRole('heading', { name: 'ada' }).waitFor()
    await page.getByRole('button', { name: 'Forget my key' }).click()
    await page.getByLabel('Your key').waitFor()
    await page.reload()
    await page.getByLabel('Your key').waitFor()
    assert.equal(await page.evaluate('sessionStorage.length + localStorage.length'), 0)
    assert.deepEqual(faults, [])
  },
)

test(
  'what is no key in the address leads to the form, however it is written',
  { skip: leftOut },
  async (t) => {
    const { admin, page, faults } = await visit(t, { hash: () => '#%' })

    await page.getByLabel('Your key').waitFor()
    await page.goto(`${admin.admin.url}/#%E0%A4%A`)
    await page.goto(`${admin.admin.url}/#${admin.world.seat.keyText}`)
    await page.getByRole('heading', { name: 'ada' }).waitFor()
    await page.goto(`${admin.admin.url}/#%zz`)
    await page.getByRole('heading', { name: 'ada' }).waitFor()

    assert.deepEqual(faults, [])
  },
)

test(
  'D18: numbers change while one looks, to those that the next request is decided on',
  { skip: leftOut },
  async (t) => {
    const { admin, page, faults } = await visit(t)
    await sees(page, 'live')
    const session = page.getByRole('meter', { name: 'Session' })

    await admin.ask()
    await sees(page, '$0.0045 of $0.01')
    assert.equal(await session.getAttribute('aria-valuenow'), '45')
    await sees(page, /resets .*, in (5 h|4 h 59 min)/)
    await page.getByRole('cell', { name: '1,000 in, 100 out' }).waitFor()

    for (let index = 0; index < 2; index++) await admin.ask()
    await sees(page, '135 % used')
    await sees(
      page,
      'Nothing pays for your next request: the session limit has no room left, and extra usage is off for the whole account.',
    )

    await admin.world.turnOnExtraUsage(5n * nanosPerUnit)
    await sees(
      page,
      'Extra usage pays for your next request, because the session limit has no room left.',
    )
    const response = await admin.ask()
    assert.equal(response.headers.get('x-plimsoll-source'), 'extra_usage')
    await page.locator('#balance', { hasText: '$4.9955' }).waitFor()
    await page.locator('#spent', { hasText: '$0.0045' }).waitFor()
    await sees(page, 'It adds up: $0.00 before the first of these lines, $4.9955 after the last.')
    assert.deepEqual(faults, [])
  },
)

test('figures do not wait for a history that is slow to come', { skip: leftOut }, async (t) => {
  const { admin, page } = await visit(t)
  await sees(page, 'starts with your next message')
  const release = Promise.withResolvers<void>()
  await page.route('**/api/me/history*', async (route) => {
    await release.promise
    await route.continue()
  })
  // Long enough after the first reading for the history to be read with every change.
  await page.evaluate('const now = Date.now; Date.now = () => now() + 10_000')

  await admin.ask()
  await sees(page, '45 % used')
  await admin.ask()
  await sees(page, '90 % used')
  release.resolve()

  await page.getByRole('cell', { name: '1,000 in, 100 out' }).nth(1).waitFor()
})

test(
  'a page that lost its server says since when it is stale, and finds it again',
  { skip: leftOut },
  async (t) => {
    const { admin, page } = await visit(t)
    const status = page.getByRole('status')
    await status.filter({ hasText: /^live$/ }).waitFor()

    const { port } = admin.admin
    await admin.admin.close()
    await status.filter({ hasText: /^stale since \d\d:\d\d:\d\d$/ }).waitFor()
    await admin.ask()
    const again = await startAdminServer(admin.apiParts, {
      host: '127.0.0.1',
      port,
      extraHosts: [],
      mounts: [],
    })
    t.after(() => again.close())

    await status.filter({ hasText: /^live$/ }).waitFor()
    await sees(page, '$0.0045 of $0.01')
  },
)

test(
  "O4: the member's own switch moves by its button only, and keeps the focus",
  { skip: leftOut },
  async (t) => {
    const { admin, page } = await visit(t)
    await admin.world.turnOnExtraUsage(5n * nanosPerUnit)
    await sees(page, 'For the whole account, extra usage is on.')
    await sees(page, 'For you, extra usage is on.')
    const button = page.locator('#switch-button')

    await button.focus()
    await page.keyboard.press('Enter')
    await sees(page, 'For you, extra usage is off.')
    await admin.ask()
    await sees(page, '45 % used')

    assert.equal(await page.evaluate('document.activeElement.id'), 'switch-button')
    assert.equal(await button.textContent(), 'Turn on for me')
    const { extraUsage } = await admin.world.figures()
    assert.deepEqual([extraUsage.isOnForCustomer, extraUsage.isOnForMember], [true, false])
    await button.click()
    await sees(page, 'For you, extra usage is on.')
  },
)

test(
  'a refusal is explained in front of its reader, and a request of the history by a click',
  { skip: leftOut },
  async (t) => {
    const { admin, page } = await visit(t)
    for (let index = 0; index < 3; index++) await admin.ask()
    const refusal = await admin.ask()
    const decisionId = refusal.headers.get('x-plimsoll-decision') ?? ''
    await page.getByLabel('Decision id').fill(` ${decisionId} `)

    await page.getByRole('button', { name: 'Explain', exact: true }).click()
    await page.getByRole('heading', { name: /^Refused, and rightly so: / }).waitFor()
    await sees(page, 'Session limit: $0.0135 used + $0.00 held of $0.01')
    await sees(page, 'Extra usage for the account: off')
    await page.getByText('The journal entries that led to it').click()
    await sees(page, /Settled, cost \$0\.0045, charged \$0\.00: 1,100 tokens/)

    await page
      .getByRole('button', { name: /^Explain the request to/ })
      .first()
      .click()
    await page.getByRole('heading', { name: /^Admitted, and rightly so: / }).waitFor()

    await page.getByLabel('Decision id').fill('dn_nonsense')
    await page.keyboard.press('Enter')
    await sees(page, /This installation made no such decision/)
  },
)

test(
  'W2: a session that ended is shown as ended at its time, without any request',
  { skip: leftOut },
  async (t) => {
    const clock = createSteeredClock()
    const { admin, page } = await visit(t, { world: { clock } })
    await admin.ask()
    await sees(page, '45 % used')

    clock.advance(5 * 60 * 60 * 1000)
    await page.evaluate(
      // The browser's own clock goes with the server's.
      'const now = Date.now; Date.now = () => now() + 5 * 60 * 60 * 1000',
    )

    await sees(page, 'starts with your next message')
    await sees(page, '0 % used')
  },
)

test(
  'a key that is wrong or revoked leads back to the form with the reason',
  { skip: leftOut },
  async (t) => {
    const { admin, page } = await visit(t, { hash: () => `#plim_${'a'.repeat(32)}` })
    await page
      .getByRole('alert')
      .filter({ hasText: 'The credential is not known, or was revoked.' })
      .waitFor()
    assert.equal(await page.evaluate('document.activeElement.id'), 'key')

    await page.keyboard.type(admin.world.seat.keyText)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'ada' }).waitFor()
    const { keys } = (await admin.call('GET', '/api/customers/acme/keys')).json
    await admin.call('POST', `/api/customers/acme/keys/${keys[0].keyId}/revoke`)

    await page.getByLabel('Your key').waitFor()
    assert.ok(!(await page.content()).includes(admin.world.seat.keyText))
  },
)

test('a pause is said at once, on the page and by the gate alike', { skip: leftOut }, async (t) => {
  const { admin, page } = await visit(t)
  await sees(page, 'The plan pays for your next request.')
  const status = (path: string, isActive: boolean) =>
    admin.call('POST', `/api/customers/acme${path}/status`, { body: { isActive } })

  await status('/members/ada', false)
  await sees(page, 'This member is paused: every request is refused until the operator resumes it.')
  assert.equal((await admin.ask()).headers.get('x-plimsoll-source'), null)
  await status('', false)
  await sees(
    page,
    'The whole account is paused: every request is refused until the operator resumes it.',
  )
  assert.equal(await page.getByText('The plan pays').count(), 0)

  await status('', true)
  await status('/members/ada', true)
  await sees(page, 'The plan pays for your next request.')
  assert.equal((await admin.ask()).headers.get('x-plimsoll-source'), 'plan')
})

test('names are shown as text, whatever they look like', { skip: leftOut }, async (t) => {
  const { admin, page, faults } = await visit(t)
  const name = '<img src=/nowhere onerror="document.title=1"><b>x</b>'
  await admin.world.parts.storage.putPerson({ id: admin.world.seat.memberId, name, email: null })
  await admin.ask()

  await page.getByRole('heading', { name }).waitFor()
  assert.equal(await page.locator('main img').count(), 0)
  assert.deepEqual(faults, [])
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(
    `every text has AA contrast in ${colorScheme}, and 400 px are wide enough`,
    { skip: leftOut },
    async (t) => {
      const browser = { colorScheme, viewport: { width: 400, height: 800 } }
      const { admin, page } = await visit(t, { browser })
      await admin.world.turnOnExtraUsage(5n * nanosPerUnit)
      for (let index = 0; index < 4; index++) await admin.ask()
      await sees(page, /^Extra usage pays/)
      await page
        .getByRole('button', { name: /^Explain the request to/ })
        .first()
        .click()
      await page.getByRole('heading', { name: /^Admitted/ }).waitFor()

      const poor = await page.evaluate(poorContrasts)
      const width = await page.evaluate('document.documentElement.scrollWidth')

      assert.deepEqual(poor, [])
      assert.equal(width, 400)
    },
  )
}

/** Texts whose colour stands out from their ground by less than 4.5 to 1. Runs in the browser. */
const poorContrasts = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const groundOf = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor)
      if (color.length < 4 || color[3] > 0) return color
    }
    return [255, 255, 255]
  }
  const poor = []
  for (const element of document.querySelectorAll('body *')) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (!isText || element.checkVisibility() === false || element.closest('.skip, noscript')) continue
    const [light, dark] = [luminance(parse(getComputedStyle(element).color)), luminance(groundOf(element))].sort((a, b) => b - a)
    const ratio = (light + 0.05) / (dark + 0.05)
    if (ratio < 4.5) poor.push(element.textContent.slice(0, 40) + ' ' + ratio.toFixed(2))
  }
  return poor
})()`
