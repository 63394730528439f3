import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumLeftOut } from './available.ts'
import { goTo, launchBrowser, openConsoleWorld, sees } from './console-world.ts'
import { addPerson, goodPassword, openAdminWorld } from './sign-in-world.ts'
import { openSubPathProxy } from './sub-path-proxy.ts'

const skip = chromiumLeftOut()
/** What the browser writes to its console about an answer that is a "no". */
const refused = /status of 4\d\d/

async function signIn(page: Page, email: string, password = goodPassword): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

test(
  'the first run: without the code a hint, with it the operator’s account; an invitation lets a member in, who sees its own alone',
  { skip },
  async (t) => {
    const { admin, open } = await openConsoleWorld(t)
    const page = await open('', { expected: refused })

    await sees(page, 'Is this your server?')
    await page.goto(`${admin.admin.url}/#setup=${await admin.admin.setUpCode()}`)
    await page.reload()
    await page.getByLabel('Your name').fill('Olga')
    await page.getByLabel('E-mail').fill('olga@example.com')
    await page.getByLabel('Password', { exact: true }).fill('password1234')
    await page.getByRole('button', { name: /Create the operator/ }).click()
    await sees(page, /among the first that are guessed/)
    await page.getByLabel('Password', { exact: true }).fill(goodPassword)
    await page.getByRole('button', { name: /Create the operator/ }).click()
    await page.getByRole('link', { name: 'People' }).click()
    assert.ok(!page.url().includes('setup'))

    await page.getByRole('button', { name: 'Invite somebody' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Mia')
    await page.getByLabel('E-mail').fill('mia@example.com')
    await page.getByLabel('Customer', { exact: true }).selectOption('acme')
    await page.getByLabel('Seat').selectOption(admin.world.seat.memberId)
    await page.getByRole('button', { name: 'Make the link' }).click()
    const link = (await page.locator('pre code').textContent()) ?? ''
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Manage Mia' }).waitFor()

    const other = await open('', { expected: refused })
    let linkAskedCount = 0
    other.on('request', (request) => {
      if (request.url().endsWith('/api/session/link')) linkAskedCount += 1
    })
    await other.goto(link)
    await sees(other, 'mia@example.com')
    await other.getByLabel('New password').fill(goodPassword)
    await other.getByRole('button', { name: /Set the password/ }).click()
    await other.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
    assert.equal(linkAskedCount, 1, 'a link that was used is not asked about again')
    assert.equal(await other.getByRole('link', { name: 'People' }).count(), 0)
    await goTo(other, '#/people')
    await sees(other, 'There is no page at this address for you.')

    await page.getByRole('button', { name: 'Manage Mia' }).click()
    await page.getByRole('button', { name: 'Remove the account' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove the account' }).click()
    await sees(other, 'Your session is over')
  },
)

test(
  'a wrong password says so, too many say how long to wait, and the key is a way in beside',
  { skip },
  async (t) => {
    const { admin, open } = await openConsoleWorld(t)
    await addPerson(admin, 'olga@example.com', { role: 'operator' })
    const page = await open('', { expected: refused })

    await signIn(page, 'olga@example.com', 'not the right one')
    await sees(page, 'The e-mail or the password is not right.')
    for (let count = 1; count < 10; count += 1) {
      await admin.call('POST', '/api/session/sign-in', {
        token: null,
        body: { email: 'olga@example.com', password: `wrong ${count}` },
      })
    }
    await signIn(page, 'olga@example.com')
    await sees(page, /too many failed tries. Try again in 15 minutes/)
    await page.getByRole('button', { name: 'Use your Plimsoll key' }).click()
    await page.getByLabel('Your key').fill(admin.world.seat.keyText)
    await page.getByRole('button', { name: 'Show my usage' }).click()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
  },
)

test(
  'who comes in with another key is shown nothing of whoever was there before, not for a moment',
  { skip },
  async (t) => {
    const { admin, openAsMember } = await openConsoleWorld(t)
    const ben = await admin.world.addSeat('ben', { customer: 'zeta' })
    await admin.ask(ben)
    await admin.ask()
    await admin.ask()
    const page = await openAsMember('#/usage')
    await sees(page, '90 % used')

    await page.getByRole('button', { name: 'Account and appearance' }).click()
    await page.getByRole('button', { name: 'Forget my key' }).click()
    const answered = Promise.withResolvers<void>()
    await page.route('**/api/me/usage', async (route) => {
      await answered.promise
      await route.continue()
    })
    await page.getByLabel('Your key').fill(ben.keyText)
    await page.getByRole('button', { name: 'Show my usage' }).click()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
    await page.getByRole('status', { name: 'Loading' }).first().waitFor()

    assert.equal(await page.getByText('90 % used').count(), 0)
    answered.resolve()
    await sees(page, '45 % used')
  },
)

test(
  'a session that ends while a form is open asks for a new one, and nothing that was typed is lost',
  { skip },
  async (t) => {
    const { admin, open } = await openConsoleWorld(t)
    const { id } = await addPerson(admin, 'olga@example.com', { role: 'operator' })
    const page = await open('#/people', { expected: refused })
    await signIn(page, 'olga@example.com')
    await page.getByRole('button', { name: 'Invite somebody' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Half typed')
    await page.getByLabel('E-mail').fill('half@example.com')
    await page.getByLabel('Customer', { exact: true }).selectOption('acme')
    await page.getByLabel('Seat').selectOption(admin.world.seat.memberId)
    const { run } = admin.world.parts.storage.signInDatabase()
    // It ends as the form is sent: earlier, whatever the page reads by itself would tell of it first.
    await page.route(
      '**/api/people',
      async (route) => {
        await run('delete from "sign_in_session" where user_id = ?', [id])
        await route.continue()
      },
      { times: 1 },
    )

    await page.getByRole('button', { name: 'Make the link' }).click()
    const over = page.getByRole('dialog', { name: 'Your session is over' })
    await over.getByLabel('Password').fill(goodPassword)
    await over.getByRole('button', { name: 'Sign in' }).click()
    await over.waitFor({ state: 'detached' })

    assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'Half typed')
    await page.getByRole('button', { name: 'Make the link' }).click()
    await sees(page, 'A link for Half typed')
  },
)

test(
  'an owner manages the people of the own customer; the account page ends a session elsewhere',
  { skip },
  async (t) => {
    const { admin, open } = await openConsoleWorld(t)
    await admin.world.addSeat('zoe', { customer: 'zeta' })
    const { customerId } = admin.world.seat
    await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
    await addPerson(admin, 'olga@example.com', { role: 'operator' })
    const page = await open('#/people', { expected: /ERR_FAILED/ })
    await signIn(page, 'otto@example.com')

    await page.getByRole('button', { name: 'Manage Name of otto' }).waitFor()
    assert.equal(await page.getByText('olga@example.com').count(), 0)
    await goTo(page, '#/account')
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: /Sign out everywhere/ })
      .click()
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    await page
      .getByRole('button', { name: 'Sign out everywhere else' })
      .waitFor({ state: 'detached' })

    const signOut = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Account and appearance' }).click()
      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    }
    const pages = page.getByRole('navigation', { name: 'Pages' })
    await page.route('**/api/session/sign-out', (route) => route.abort())
    await signOut()
    await sees(page, 'The server does not answer.')
    await page.unroute('**/api/session/sign-out')
    const onItsWay = Promise.withResolvers<void>()
    await page.route('**/api/session/sign-out', async (route) => {
      await onItsWay.promise
      await route.continue()
    })
    await signOut()
    await pages.waitFor({ state: 'detached' })
    onItsWay.resolve()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  },
)

test(
  'behind a proxy that serves it below a path everything works: page, session, live changes, links',
  { skip },
  async (t) => {
    const proxy = await openSubPathProxy('/desk')
    const admin = await openAdminWorld({ publicPageUrl: proxy.url })
    const browser = await launchBrowser()
    t.after(async () => {
      await browser.close()
      await admin[Symbol.asyncDispose]()
      await proxy.close()
    })
    proxy.setTarget(admin.admin.url)
    const { customerId, memberId } = admin.world.seat
    const invited = await admin.call('POST', '/api/people', {
      body: { email: 'mia@example.com', name: 'Mia', role: 'member', customerId, memberId },
    })
    assert.ok(invited.json.link.url.startsWith(`${proxy.url}/#link=`))
    const page = await browser.newPage()
    const strays: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(`${proxy.url}/`)) strays.push(request.url())
    })

    await page.goto(invited.json.link.url)
    await page.getByLabel('New password').fill(goodPassword)
    await page.getByRole('button', { name: /Set the password/ }).click()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
    await sees(page, 'Live')

    const [cookie] = await page.context().cookies()
    assert.deepEqual([cookie?.path, cookie?.httpOnly, cookie?.sameSite], ['/desk', true, 'Strict'])
    await page.reload()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
    await goTo(page, '#/account')
    await page.getByRole('button', { name: 'Change the password' }).waitFor()
    assert.deepEqual(strays, [])
  },
)
