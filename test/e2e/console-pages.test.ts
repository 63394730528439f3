import { test } from 'node:test'
import { chromiumLeftOut } from './available.ts'
import { openConsoleWorld, sees } from './console-world.ts'

const leftOut = chromiumLeftOut()

test('the console comes from its server alone, and shows itself', { skip: leftOut }, async (t) => {
  const { open } = await openConsoleWorld(t)

  const page = await open('')

  await sees(page, 'Plimsoll')
})
