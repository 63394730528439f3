import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromiumLeftOut } from './available.ts'
import { openConsoleWorld, sees } from './console-world.ts'
import { openAsOperator } from './console-operator.ts'

/** The plans page in a real browser: form and text, preview, publishing, versions. */

const leftOut = chromiumLeftOut()

test(
  'a plan is edited in the form, previewed with whom it concerns, published, and kept as a version',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    await world.admin.ask()
    const page = await openAsOperator(world, '#/plans')
    await sees(page, '1 member on it')

    await page.getByRole('button', { name: 'Edit plans' }).click()
    await sees(page, 'Nothing: the plans are published just so.')
    const publish = page.getByRole('button', { name: 'Publish', exact: true })
    assert.equal(await publish.isDisabled(), true)
    await page.locator('summary', { hasText: 'Test plan' }).click()
    const amount = page.getByRole('group', { name: 'Limit session' }).getByLabel('Amount')
    await amount.fill('two')
    await sees(page, 'write an amount such as "2.50": digits, and at most nine decimals')
    assert.equal(await publish.isDisabled(), true)
    await amount.fill('0.004')
    await sees(page, 'Session: lowered from $0.01 to $0.004, for the very next request.')
    await sees(page, '1 limit would be used up at once.')
    await sees(page, 'Concerns 1 member: ada.')
    assert.equal((await world.admin.ask()).status, 200, 'a preview changes nothing')
    await publish.click()
    const question = page.getByRole('alertdialog')
    await question.getByText(/Test plan becomes version 2/).waitFor()
    const isReadAgain = Promise.withResolvers<void>()
    await page.route('**/api/plans/versions', async (route) => {
      await isReadAgain.promise
      await route.continue()
    })
    const previewedAgain = page.waitForResponse('**/api/plans/preview')
    await question.getByRole('button', { name: 'Publish' }).click()
    await previewedAgain
    await question.getByText(/Test plan becomes version 2/).waitFor()
    isReadAgain.resolve()

    await page.getByRole('region', { name: 'What would change' }).waitFor({ state: 'detached' })
    await page.getByText('version 2', { exact: true }).waitFor()
    assert.equal((await world.admin.ask()).status, 429, 'it counts for the very next request')
    await page.locator('summary', { hasText: '2 versions' }).click()
    await sees(page, 'Version 1')
    await sees(page, 'Session: lowered from $0.01 to $0.004, for the very next request.')
  },
)

test(
  'the text of the plans names every mistake with its place, and a new plan can be written in it',
  { skip: leftOut },
  async (t) => {
    const world = await openConsoleWorld(t)
    const page = await openAsOperator(world, '#/plans?edit=1')
    await page.getByRole('tab', { name: 'JSON' }).click()
    const text = page.getByLabel('Plans as JSON')
    const written = (limit: object): string =>
      JSON.stringify({ plans: { free: { name: 'Free', limits: { day: limit } } } })

    await text.fill('{ "plans": ')
    await sees(page, /This is not JSON/)
    await text.fill(written({ money: 5, window: { kind: 'year' } }))
    await sees(page, '2 mistakes in the text.')
    await page.locator('code', { hasText: 'plans.free.limits.day.window.kind' }).waitFor()
    await text.fill(written({ requests: 3, window: { kind: 'day' } }))
    await sees(page, 'new plan')
    await sees(page, 'Not in the text, and so left as they are: test.')
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    const isPreviewedAgain = Promise.withResolvers<void>()
    await page.route('**/api/plans/preview', async (route) => {
      await isPreviewedAgain.promise
      await route.continue()
    })
    await page.getByRole('alertdialog').getByRole('button', { name: 'Publish' }).click()

    await page.getByRole('heading', { name: 'Free' }).waitFor()
    const previewed = page.getByText('new plan', { exact: true })
    assert.equal(await previewed.count(), 0, 'what is published is no preview any more')
    isPreviewedAgain.resolve()
    await page.getByRole('heading', { name: 'Test plan' }).waitFor()
    await sees(page, 'nobody on it')
  },
)
