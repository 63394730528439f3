import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumLeftOut } from './available.ts'
import {
  answerStop,
  goToStop,
  memberStops,
  operatorStops,
  strangerStops,
  violationsOn,
  type Stop,
} from './console-tour.ts'
import { openConsoleWorld } from './console-world.ts'

const leftOut = chromiumLeftOut()
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true }

for (const [scheme, window] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light, on a phone', { colorScheme: 'light', ...phone }],
] as const) {
  test(
    `an accessibility engine finds no fault on any page, ${scheme}`,
    { skip: leftOut },
    async (t) => {
      const world = await openConsoleWorld(t)
      const answered = await world.admin.ask()
      const decisionId = answered.headers.get('x-plimsoll-decision') ?? ''
      const { customerId, memberId } = world.admin.world.seat
      const toAddress = ({ hash }: Stop): string =>
        hash
          .replace(':customer', customerId)
          .replace(':member', memberId)
          .replace(':decision', decisionId)
      const found: string[] = []
      const lookAt = async (page: Page, stops: readonly Stop[]): Promise<void> => {
        for (const stop of stops) {
          await goToStop(page, stop, toAddress(stop))
          for (const fault of await faultsOn(page)) found.push(`${stop.name}: ${fault}`)
        }
      }

      await lookAt(await world.open('', window), strangerStops)
      await lookAt(await world.openAsMember('#/usage', window), [...memberStops, answerStop])
      await lookAt(await world.openAs({ role: 'operator' }, '', window), operatorStops)

      assert.deepEqual(found, [])
    },
  )
}

async function faultsOn(page: Page): Promise<readonly string[]> {
  const violations = await violationsOn(page)
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return overflow > 0 ? [...violations, `${overflow} px wider than the window`] : violations
}
