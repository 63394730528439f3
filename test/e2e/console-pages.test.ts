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

for (const [where, window] of [
  ['a wide window', {}],
  ['a narrow window', { viewport: { width: 1040, height: 800 } }],
  ['a phone', phone],
] as const) {
  test(
    `sixty letters without a space stay within cards and tables, on ${where}`,
    { skip: leftOut },
    async (t) => {
      const world = await openConsoleWorld(t)
      // Whoever has no name is shown by its id.
      const seat = await world.admin.world.addSeat(letters, { customer: letters })
      const answered = await world.admin.ask(seat)
      const decisionId = answered.headers.get('x-plimsoll-decision') ?? ''
      const found: string[] = []
      const lookAt = async (page: Page, stops: readonly Stop[]): Promise<void> => {
        for (const stop of stops) {
          const hash = stop.hash
            .replace(':customer', seat.customerId)
            .replace(':member', seat.memberId)
            .replace(':decision', decisionId)
          await goToStop(page, stop, hash)
          const tooWide = await page.evaluate<readonly string[]>(tooWideParts)
          found.push(...tooWide.map((part) => `${stop.name}: ${part}`))
        }
      }

      await lookAt(await world.openAsMember('#/usage', window), memberStops)
      await lookAt(await world.openAs({ role: 'operator' }, '', window), operatorStops)

      assert.deepEqual(found, [])
    },
  )
}

const letters = 'Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunter'

/** What has more in it than it has room for, and the page itself. */
const tooWideParts = `
  [...document.querySelectorAll('html, .page-head, .card, .table-box')]
    .filter((part) => part.scrollWidth > part.clientWidth)
    .map((part) => part.tagName + '.' + part.className + ' ' + (part.querySelector('h1, h2')?.textContent ?? ''))`

async function faultsOn(page: Page): Promise<readonly string[]> {
  const violations = await violationsOn(page)
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return overflow > 0 ? [...violations, `${overflow} px wider than the window`] : violations
}
