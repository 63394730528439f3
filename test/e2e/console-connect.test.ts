import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumLeftOut } from './available.ts'
import { openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'

const leftOut = chromiumLeftOut()

/** What the gateway answers to a caller with this key. */
async function statusOf({ admin }: ConsoleWorld, keyText: string): Promise<number> {
  const response = await fetch(`${admin.world.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': keyText, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude-sonnet-4-5',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  await response.arrayBuffer()
  return response.status
}

const shownKey = (page: Page): Promise<string> =>
  page.getByRole('region', { name: 'key', exact: true }).innerText()

/** The text of a key is shown once: neither Escape nor a press beside the dialog takes it away. */
async function staysOpen(page: Page): Promise<void> {
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 5)
  assert.equal(await page.locator('.backdrop[data-exiting]').count(), 0, 'it is closing')
  await page.getByRole('button', { name: 'Copy the key' }).click()
}

test(
  'a member makes a key that works at the gateway, tries it with a message, and revokes it',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const { customerId, memberId } = world.admin.world.seat
    const page = await world.openAs({ role: 'member', customerId, memberId }, '#/connect')

    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Laptop')
    await page.getByRole('button', { name: 'Make the key' }).click()
    await sees(page, 'it is not shown again')
    await staysOpen(page)
    const keyText = (await shownKey(page)).trim()
    await page.getByRole('button', { name: 'Done' }).click()

    assert.match(
      await page.getByRole('region', { name: 'set-up of Claude Code', exact: true }).innerText(),
      new RegExp(`ANTHROPIC_AUTH_TOKEN=${keyText}`),
    )
    assert.equal(await statusOf(world, keyText), 200)
    await page.getByRole('button', { name: 'Send it' }).click()
    await sees(page, 'It works.')
    await sees(page, 'Hello.')
    await sees(page, '$0.0015')
    await page.getByRole('button', { name: 'Revoke Laptop' }).click()
    await page.getByRole('button', { name: 'Revoke the key' }).click()
    await page.getByRole('button', { name: 'Revoke Laptop' }).waitFor({ state: 'detached' })
    assert.equal(await statusOf(world, keyText), 401)
  },
)

test(
  'who is signed in with a key exchanges it and stays signed in with the new one',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const old = world.admin.world.seat.keyText
    const page = await world.openAsMember('#/connect', { expected: /401/ })
    await sees(page, 'a key cannot make other keys')

    await page.getByRole('button', { name: /^Exchange/ }).click()
    await page.getByRole('button', { name: 'Make the new key' }).click()
    await sees(page, 'it is not shown again')
    await staysOpen(page)
    const keyText = (await shownKey(page)).trim()
    assert.equal(await statusOf(world, old), 200, 'both work until then')
    await page.getByRole('button', { name: /revoke the old one/ }).click()

    await sees(page, 'The old key is revoked.')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await sees(page, 'signed in with it')
    await page.waitForFunction(
      (key: string) => sessionStorage.getItem('plimsoll-key') === key,
      keyText,
    )
    assert.deepEqual([await statusOf(world, old), await statusOf(world, keyText)], [401, 200])
  },
)
