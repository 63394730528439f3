import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import type { UsageAnswer } from '../../src/admin/contract/answers.ts'
import { figuresOf } from '../../src/core/figures.ts'
import { formatMoney, nanosPerUnit } from '../../src/core/money.ts'
import { chromiumLeftOut } from './available.ts'
import { runCommand } from './cli-world.ts'
import { openConsoleWorld, sees, type ConsoleWorld } from './console-world.ts'
import { sessionPlan } from './world.ts'

/** What one place says is used of the session, and the journal position that it says this was read at. */
type Said = { readonly where: string; readonly position: number; readonly used: string }

/** One request costs $0.0045, so some dozens of them fill the session. */
const plan = sessionPlan(nanosPerUnit / 10n)
const callers = 4
const looksMin = 8

test(
  'D18: under load the page, the headers, the terminal and a refusal say the same at the same journal position',
  { skip: chromiumLeftOut() },
  async (t) => {
    const world = await openConsoleWorld(t, { plan })
    const { admin } = world
    const page = await world.openAsMember('#/usage')
    await sees(page, 'Read from the journal at entry')
    const said: Said[] = []

    let refused = 0
    const call = async (): Promise<void> => {
      while (refused === 0 || said.filter(({ where }) => where === 'page').length < looksMin) {
        const response = await admin.ask()
        said.push(inHeaders(response))
        if (response.status === 429) refused += 1
      }
    }
    const look = async (): Promise<void> => {
      while (refused === 0 || said.filter(({ where }) => where === 'page').length < looksMin) {
        said.push(await onPage(page), await inTerminal(world))
      }
    }
    await Promise.all([...Array.from({ length: callers }, call), look()])
    const last = inHeaders(await admin.ask())
    await sees(page, `Read from the journal at entry ${last.position}.`)
    const atLast = [last, await onPage(page), await inTerminal(world)]

    assert.deepEqual(new Set(atLast.map(({ position, used }) => `${position} ${used}`)).size, 1)
    const wrong: unknown[] = []
    for (const one of [...said, ...atLast]) {
      const used = await recomputed(world, one.position)
      if (used !== one.used) wrong.push({ ...one, recomputed: used })
    }
    assert.deepEqual(wrong, [])
    const positions = new Set(said.map(({ position }) => position))
    assert.ok(positions.size > looksMin, `the books moved to ${positions.size} positions only`)
  },
)

function inHeaders(response: Response): Said {
  const header = (name: string): string => response.headers.get(`x-plimsoll-${name}`) ?? ''
  return {
    where: response.status === 429 ? 'refusal' : 'headers',
    position: Number(header('position')),
    used: `$${header('limit-session-used')}`,
  }
}

/** Read in one go, so that nothing is drawn in between. */
async function onPage(page: Page): Promise<Said> {
  const text = await page.evaluate<string>("document.querySelector('main').innerText")
  return {
    where: 'page',
    position: Number(/Read from the journal at entry (\d+)\./.exec(text)?.[1]),
    used: /(\$[\d.]+) of \$0\.10/.exec(text)?.[1] ?? text,
  }
}

async function inTerminal({ admin }: ConsoleWorld): Promise<Said> {
  const args = ['usage', '--json', '--admin-url', admin.admin.url]
  const environment = { PLIMSOLL_OPERATOR_TOKEN: admin.token }
  const { code, out, err } = await runCommand('/nowhere', args, { environment })
  assert.equal(code, 0, err)
  const { figures } = JSON.parse(out) as UsageAnswer
  const used = BigInt(figures.limits[0]?.used ?? -1)
  return { where: 'terminal', position: figures.position, used: formatMoney(used, '$') }
}

/** What the journal up to this position says, folded anew. */
async function recomputed({ admin }: ConsoleWorld, position: number): Promise<string> {
  const { storage } = admin.world.parts
  const account = await storage.accountAt(admin.world.seat, position)
  const moment = { nowMs: storage.recordNowMs(), position, nextPosition: position + 1 }
  return formatMoney(figuresOf(account, moment).limits[0]?.used ?? -1n, '$')
}
