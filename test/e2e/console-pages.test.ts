import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromiumLeftOut } from './available.ts'
import { arrive, memberStops, violationsOn } from './console-tour.ts'
import { goTo, openConsoleWorld } from './console-world.ts'

const leftOut = chromiumLeftOut()
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true }

for (const [scheme, window] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light, on a phone', { colorScheme: 'light', ...phone }],
] as const) {
  test(
    `an accessibility engine finds no fault on any page of a member, ${scheme}`,
    { skip: leftOut },
    async (t) => {
      const world = await openConsoleWorld(t)
      await world.admin.ask()
      const page = await world.openAsMember('#/usage', window)
      const found: string[] = []

      for (const stop of memberStops) {
        await goTo(page, stop.hash)
        await arrive(page, stop)
        for (const violation of await violationsOn(page)) found.push(`${stop.name}: ${violation}`)
        const overflow = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        if (overflow > 0) found.push(`${stop.name}: ${overflow} px wider than the window`)
      }

      assert.deepEqual(found, [])
    },
  )
}
