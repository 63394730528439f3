import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Books, cents, day, hour, minute, plan, session, startMs } from '../../test/rules/books.ts'
import type { MemberState, WindowInstance } from './account.ts'
import { emptyMember, emptySystem } from './empty-state.ts'
import { customerId, limitId, memberId } from './ids.ts'
import { findWindow, pinnedAt, pinWindow, windowsToKeep } from './pinned-windows.ts'

const [a, b] = [limitId('a'), limitId('b')]
const pin = (id: typeof a, from: number, to = from + 100) => {
  return { limitId: id, unit: 'money', startMs: from, endMs: to } as const
}
const instance = (id: typeof a, from: number, used = 0n): WindowInstance => {
  return { ...pin(id, from), used, held: 0n }
}

function member(
  newest: readonly WindowInstance[] = [],
  kept: readonly WindowInstance[] = [],
): MemberState {
  const state = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  for (const one of newest) state.windows.set(one.limitId, one)
  state.keptWindows = kept
  return state
}

const starts = (state: MemberState): unknown => [
  [...state.windows].map(([id, one]) => `${id}${one.startMs}`),
  state.keptWindows.map((one) => `${one.limitId}${one.startMs}`),
]

describe('an instance that is pinned', () => {
  test('is the newest of its limit, with nothing used, and the one before is forgotten', () => {
    const state = member([instance(a, 0, 7n), instance(b, 0, 9n)])
    pinWindow(state, pin(a, 100))
    assert.deepEqual(state.windows.get(a), instance(a, 100))
    assert.deepEqual(state.windows.get(b), instance(b, 0, 9n))
    assert.deepEqual(state.keptWindows, [])
  })

  test('and runs already stays as it is, with its end and what was used', () => {
    const state = member([instance(a, 0, 7n)])
    pinWindow(state, pin(a, 0, 5000), { limitIds: [a], sinceMs: 0 })
    assert.deepEqual(state.windows.get(a), instance(a, 0, 7n))
    assert.deepEqual(state.keptWindows, [])
  })

  test('keeps the one before where the entry says so, of its own limit only', () => {
    const state = member([instance(a, 0, 7n), instance(b, 0)])
    pinWindow(state, pin(a, 100), { limitIds: [a], sinceMs: 50 })
    pinWindow(state, pin(b, 100), { limitIds: [a], sinceMs: 50 })
    assert.deepEqual(starts(state), [['a100', 'b100'], ['a0']])
    assert.equal(findWindow(state, a, 0)?.used, 7n)
  })

  test('lets go of what ended by the moment that no correction goes behind', () => {
    const state = member([instance(a, 300)], [instance(b, 0), instance(a, 100), instance(a, 200)])
    pinWindow(state, pin(a, 400), { limitIds: [a], sinceMs: 200 })
    assert.deepEqual(starts(state), [['a400'], ['a200', 'a300']])
  })

  test('and was kept comes back as it was, from among those of its own limit and start', () => {
    const kept = [instance(b, 100, 1n), instance(a, 200, 2n), instance(a, 100, 3n)]
    const state = member([instance(a, 500)], kept)
    pinWindow(state, pin(a, 100, 9999), { limitIds: [a], sinceMs: 0 })
    assert.deepEqual(state.windows.get(a), instance(a, 100, 3n))
    assert.deepEqual(starts(state), [['a100'], ['b100', 'a200', 'a500']])
  })

  test('of a limit that nobody pinned before keeps nothing', () => {
    const state = member()
    pinWindow(state, pin(a, 100), { limitIds: [a], sinceMs: 0 })
    assert.deepEqual(starts(state), [['a100'], []])
  })

  test('as a session that opens now forgets those that a wrong clock opened ahead of it', () => {
    const kept = [instance(a, 100), instance(a, 900), instance(b, 900), instance(a, 400)]
    const state = member([instance(a, 950)], kept)
    pinWindow(state, pin(a, 400), { limitIds: [], openedIds: [a], sinceMs: 0 })
    assert.deepEqual(starts(state), [['a400'], ['a100', 'b900']])
    const other = member([instance(a, 950)], [instance(a, 900)])
    pinWindow(other, pin(a, 400), { limitIds: [], openedIds: [b], sinceMs: 0 })
    assert.deepEqual(starts(other), [['a400'], ['a900']])
  })

  test('as a session that opens where a kept one began is that one, and is kept no longer', () => {
    const state = member([instance(a, 950)], [instance(a, 100), instance(a, 400, 3n)])
    pinWindow(state, pin(a, 400), { limitIds: [], openedIds: [a], sinceMs: 0 })
    assert.deepEqual(starts(state), [['a400'], ['a100']])
    assert.equal(state.windows.get(a)?.used, 3n)
  })

  test('keeps 128 others at most, the newest of them', () => {
    const state = member([instance(a, 0)])
    for (let nth = 1; nth <= 200; nth += 1) {
      pinWindow(state, pin(a, nth, 10_000), { limitIds: [a], sinceMs: 0 })
    }
    assert.equal(state.keptWindows.length, 128)
    assert.deepEqual([state.keptWindows[0]?.startMs, state.keptWindows.at(-1)?.startMs], [72, 199])
  })
})

test('an instance is found by limit and start, whether it is the newest or was kept', () => {
  const state = member([instance(a, 500), instance(b, 100)], [instance(b, 700), instance(a, 300)])
  const found = (id: typeof a, startsAt: number): string | undefined => {
    const one = findWindow(state, id, startsAt)
    return one && `${one.limitId}${one.startMs}`
  }
  assert.deepEqual(
    [found(a, 500), found(a, 300), found(a, 700), found(b, 300), found(b, 700), found(a, 100)],
    ['a500', 'a300', undefined, undefined, 'b700', undefined],
  )
  assert.equal(findWindow(member([instance(a, 500)]), a, 400), undefined)
  assert.equal(findWindow(member(), a, 400), undefined)
  assert.equal(findWindow(member([], [instance(a, 300)]), a, 300)?.startMs, 300)
})

describe('what is pinned at a moment', () => {
  const at = (state: MemberState, nowMs: number): unknown => {
    const { latest, nextStartMs } = pinnedAt(state, a, nowMs)
    return [latest?.startMs, nextStartMs]
  }

  test('is the newest instance once it has begun, and nothing before it', () => {
    assert.deepEqual(at(member(), 0), [undefined, Infinity])
    const state = member([instance(a, 500), instance(b, 100)])
    assert.deepEqual(at(state, 500), [500, Infinity])
    assert.deepEqual(at(state, 499), [undefined, 500])
  })

  test('is nothing of a limit that was never pinned, whatever is kept of others', () => {
    assert.deepEqual(at(member([instance(b, 100)], [instance(b, 0)]), 500), [undefined, Infinity])
  })

  test('is the latest of those kept that has begun, and the first that has not', () => {
    const kept = [instance(a, 300), instance(a, 100), instance(b, 200), instance(a, 700)]
    const state = member([instance(a, 900)], kept)
    assert.deepEqual(
      [50, 100, 299, 300, 699, 700, 900].map((ms) => at(state, ms)),
      [
        [undefined, 100],
        [100, 300],
        [100, 300],
        [300, 700],
        [300, 700],
        [700, 900],
        [900, Infinity],
      ],
    )
  })
})

describe('which instances to keep', () => {
  const jumped = (toMs = 5000) => {
    const system = emptySystem()
    system.jumps.push({ fromMs: 1000, toMs })
    return system
  }
  const opening = (from: number) => ({ ...pin(a, from), isOpening: true })

  test('are none without a jump that can be undone', () => {
    const account = { system: emptySystem(), member: member([instance(a, 0)]) }
    assert.equal(windowsToKeep(account, [pin(a, 100)], 100), undefined)
    assert.equal(windowsToKeep({ ...account, system: jumped() }, [pin(a, 0)], 5000), undefined)
    const unpinned = { system: jumped(), member: member() }
    assert.equal(windowsToKeep(unpinned, [pin(a, 100)], 5000), undefined)
    const stands = { ...account, system: jumped() }
    assert.equal(windowsToKeep(stands, [pin(a, 100)], 5000 + 14 * day), undefined)
  })

  test('are none while the one that runs stays, though a correction could go back into it', () => {
    const running = { ...instance(a, 900), endMs: 9000 }
    const account = { system: jumped(), member: member([running]) }
    assert.equal(windowsToKeep(account, [pin(a, 900)], 5000), undefined)
  })

  test('are those that end after the moment that a correction can go back to', () => {
    const keep = (endMs: number) => {
      const newest = { ...instance(a, 900), endMs }
      return windowsToKeep({ system: jumped(), member: member([newest]) }, [pin(a, 5000)], 5000)
    }
    assert.deepEqual(keep(1001), { limitIds: ['a'], sinceMs: 1000 })
    assert.equal(keep(1000), undefined)
  })

  test('are anchored ones that have not begun, which wait for their time, also when nothing can be undone', () => {
    const account = { system: emptySystem(), member: member([instance(a, 5000)]) }
    assert.deepEqual(windowsToKeep(account, [pin(a, 1000)], 1200), {
      limitIds: ['a'],
      sinceMs: 1200,
    })
  })

  test('are no sessions that a wrong clock opened ahead: the one that opens now takes their place', () => {
    const account = { system: emptySystem(), member: member([instance(a, 5000)]) }
    assert.deepEqual(windowsToKeep(account, [opening(1000)], 1000), {
      limitIds: [],
      sinceMs: 1000,
      openedIds: ['a'],
    })
    const kept = member([instance(a, 500)], [instance(a, 5000)])
    assert.deepEqual(windowsToKeep({ ...account, member: kept }, [opening(1000)], 1000), {
      limitIds: [],
      sinceMs: 1000,
      openedIds: ['a'],
    })
    const ahead = { system: jumped(), member: member([instance(a, 9000)]) }
    assert.deepEqual(windowsToKeep(ahead, [opening(6000)], 6000), {
      limitIds: [],
      sinceMs: 2000,
      openedIds: ['a'],
    })
    const behind = member([instance(a, 500)])
    assert.equal(windowsToKeep({ ...account, member: behind }, [opening(1000)], 1000), undefined)
  })

  test('are sessions as long as the last jump can be undone: one that began later cannot run again', () => {
    const untilMs = 1000 + 14 * day
    const keep = (began: number) => {
      const newest = { ...instance(a, began), endMs: began + 10 * day }
      const account = { system: jumped(2000 + 14 * day), member: member([newest]) }
      return windowsToKeep(account, [opening(began + 10 * day)], began + 10 * day)
    }
    assert.deepEqual(keep(untilMs)?.limitIds, ['a'])
    assert.equal(keep(untilMs + 1), undefined)
  })

  test('are anchored ones however late they began, since they come again by themselves', () => {
    const newest = { ...instance(a, 2000 + 14 * day), endMs: 24 * day }
    const account = { system: jumped(2000 + 14 * day), member: member([newest]) }
    assert.deepEqual(windowsToKeep(account, [pin(a, 24 * day)], 24 * day)?.limitIds, ['a'])
  })
})

describe('W3: sessions and a clock that was wrong', () => {
  const hourly = plan('p', [session(cents(100))])

  test('a session that ran before the jump runs on after the correction', () => {
    const books = new Books({ plan: hourly })
    books.spend(40)
    books.jump(3 * day)
    books.spend(90)
    books.correct(minute)

    const [shown] = books.figures().limits
    assert.deepEqual([shown?.used, shown?.startMs], [cents(40), startMs])
  })

  test('a session that was opened ahead gives way to the next that opens', () => {
    const books = new Books({ plan: hourly })
    books.jump(3 * day)
    books.spend(90)
    books.correct(hour)
    assert.equal(books.figures().limits[0]?.startMs, null)
    books.spend(30)

    const [shown] = books.figures().limits
    assert.deepEqual([shown?.used, shown?.startMs], [cents(30), startMs + hour])
    books.nowMs = startMs + 3 * day + hour
    assert.equal(books.figures().limits[0]?.startMs, null)
  })
})
