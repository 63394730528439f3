import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { customerId, memberId, systemCustomerId } from '../core/ids.ts'
import type { CommittedScope } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'
import { WaitingLine, walletBinding, type Asking, type Place } from './waiting-line.ts'

type Listener = (changed: readonly CommittedScope[]) => void

/** A line, the commits that it hears, and a clock whose timers nobody fires. */
function openLine(waitersMax = 8) {
  let listener: Listener = () => undefined
  const clock: Clock = { wallMs: () => 0, elapsedMs: () => 0, after: () => () => undefined }
  const storage = {
    onCommit: (one: Listener) => {
      listener = one
      return () => undefined
    },
  }
  const line = new WaitingLine(storage, clock, { waitMaxMs: 2000, waitersMax })
  return { line, commit: (...changed: CommittedScope[]) => listener(changed) }
}

const scopeOf = (customer: string, member: string) => ({
  customerId: customerId(customer),
  memberId: memberId(member),
})

const asking = (customer: string, member: string, bindings: readonly string[]): Asking => ({
  scope: scopeOf(customer, member),
  bindings,
  changesInMs: null,
  isFitting: false,
})

function mustJoin(line: WaitingLine, what: Asking): Place {
  const place = line.join(what, undefined)
  if (place === undefined) throw new Error('Nobody may wait')
  return place
}

/** Whether a waiter has been told to look again; looking makes it wait anew. */
async function isTold(place: Place): Promise<boolean> {
  const silence = Symbol('silence')
  const quiet = new Promise<symbol>((resolve) => setImmediate(() => resolve(silence)))
  return (await Promise.race([place.next(), quiet])) !== silence
}

const bindingNames = ['a', 'b', 'c']
const bindingsOf = fc.subarray(bindingNames, { minLength: 1 })
const act = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), bindings: bindingsOf }),
  fc.record({ kind: fc.constant('stay' as const), pick: fc.nat(20), bindings: bindingsOf }),
  fc.record({ kind: fc.constant('leave' as const), pick: fc.nat(20) }),
)

test('D8: whoever came before and waits for the same stands in the way, in any order of joining, staying and leaving', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60, size: 'max' }), (acts) => {
      const { line } = openLine(1000)
      let naive: { readonly place: Place; bindings: readonly string[] }[] = []
      for (const taken of acts) {
        const chosen = 'pick' in taken ? naive[taken.pick % Math.max(1, naive.length)] : undefined
        if (taken.kind === 'join') {
          const { bindings } = taken
          naive.push({ place: mustJoin(line, asking('x', 'm', bindings)), bindings })
        } else if (taken.kind === 'stay' && chosen !== undefined) {
          chosen.place.stay(asking('x', 'm', taken.bindings))
          chosen.bindings = taken.bindings
        } else if (chosen !== undefined) {
          chosen.place.leave()
          naive = naive.filter((one) => one !== chosen)
        }
        for (const name of bindingNames) {
          const isWaitedFor = naive.some(({ bindings }) => bindings.includes(name))
          assert.equal(line.isTaken([name]), isWaitedFor)
        }
        for (const [index, { place, bindings }] of naive.entries()) {
          const before = naive.slice(0, index)
          const isBehind = before.some((one) => one.bindings.some((b) => bindings.includes(b)))
          assert.equal(line.isTaken(bindings, place), isBehind)
        }
      }
    }),
  )
})

test('D8: a commit wakes its member and the first who waits for the wallet, and nobody else', async () => {
  const { line, commit } = openLine()
  const wallet = walletBinding(customerId('x'))
  const first = mustJoin(line, asking('x', 'ada', [wallet]))
  const second = mustJoin(line, asking('x', 'ben', [wallet]))
  const own = mustJoin(line, asking('x', 'eve', ['limit-of-eve']))
  const other = mustJoin(line, asking('y', 'eve', ['limit-of-eve-at-y']))

  commit(scopeOf('x', 'eve'))

  assert.deepEqual(await Promise.all([first, second, own, other].map(isTold)), [
    true,
    false,
    true,
    false,
  ])
})

test('D9: a change of the customer wakes all of its waiters, and a change of plans everybody', async () => {
  const { line, commit } = openLine()
  const mine = ['ada', 'ben'].map((name) => mustJoin(line, asking('x', name, [`limit-${name}`])))
  const other = mustJoin(line, asking('y', 'eve', ['limit-of-eve']))

  commit({ customerId: customerId('x'), memberId: null })
  assert.deepEqual(await Promise.all([...mine, other].map(isTold)), [true, true, false])

  const again = openLine()
  const waiting = ['x', 'y'].map((name) => mustJoin(again.line, asking(name, 'm', [name])))
  again.commit({ customerId: systemCustomerId, memberId: null })
  assert.deepEqual(await Promise.all(waiting.map(isTold)), [true, true])
})

test('D8: who leaves, or comes to wait for something else, wakes the next one of that queue only', async () => {
  const { line } = openLine()
  const [first, second, third] = ['ada', 'ben', 'eve'].map((name) =>
    mustJoin(line, asking('x', name, ['wallet'])),
  )
  assert.ok(first !== undefined && second !== undefined && third !== undefined)

  first.stay(asking('x', 'ada', ['limit']))
  assert.equal(await isTold(second), true)
  second.leave()
  assert.equal(await isTold(third), true)
  assert.equal(await isTold(first), false)
})

test('D8: a member with as many waiting as may wait joins once more only where it would pass others', () => {
  const { line } = openLine(1)
  const first = mustJoin(line, asking('x', 'm', ['a']))

  assert.equal(line.join(asking('x', 'm', ['a']), undefined), undefined)
  const fitting = mustJoin(line, { ...asking('x', 'm', ['a']), isFitting: true })

  assert.equal(line.isTaken(['a'], fitting), true)
  first.leave()
  assert.equal(line.isTaken(['a'], fitting), false)
})

test('a line that closes ends every wait, and lets nobody join', async () => {
  const { line } = openLine()
  const place = mustJoin(line, asking('x', 'ada', ['wallet']))
  const waiting = place.next()

  line.close()

  assert.equal(await waiting, false)
  assert.equal(line.join(asking('x', 'ben', ['wallet']), undefined), undefined)
})

test('ten thousand waiters of one wallet: a commit wakes one, and each that leaves wakes the next', async () => {
  const { line, commit } = openLine()
  const wallet = walletBinding(customerId('x'))
  const places: Place[] = []
  let told = 0
  for (let count = 0; count < 10_000; count += 1) {
    const place = mustJoin(line, asking('x', `member-${count}`, ['limit', wallet]))
    places.push(place)
    void place.next().then((isWorthIt) => (told += Number(isWorthIt)))
  }

  for (let count = 0; count < 1000; count += 1) commit(scopeOf('x', 'somebody-else'))
  await new Promise(setImmediate)
  assert.equal(told, 1)

  for (const [index, place] of places.entries()) {
    place.leave()
    await Promise.resolve()
    if (index % 1000 === 0) {
      await new Promise(setImmediate)
      assert.equal(told, index + 2)
    }
  }
  assert.equal(line.isTaken(['limit', wallet]), false)
})
