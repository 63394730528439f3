import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customerId, memberId, operationId, planId } from '../../src/core/ids.ts'
import { erasePersons } from '../../src/operations/erase-persons.ts'
import { issueKey } from '../../src/operations/issue-key.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import type { Parts } from '../../src/operations/parts.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { answering } from './scripted-upstream.ts'

/** Three commands that give a name, each with an idempotency key of its own. */
const works = customerId('works')
const ottilie = memberId('ottilie')
const hi = answering('hi', { input_tokens: 10, output_tokens: 5 })

async function nameAll(parts: Parts, plan: string): Promise<void> {
  await openCustomer(parts, {
    operationId: operationId('open'),
    actor: 'test',
    customerId: works,
    name: 'Erasable Works',
    zone: 'UTC',
    isExtraUsageOn: false,
    cap: { kind: 'unlimited' },
    overrunMaxNanos: 0n,
    isStrict: false,
    runningMax: 10,
  })
  const scope = { customerId: works, memberId: ottilie, actor: 'test' } as const
  const seat = { ...scope, planId: planId(plan), name: 'Ottilie Erasable' }
  await seatMember(parts, { ...seat, operationId: operationId('seat') })
  await issueKey(parts, { ...scope, operationId: operationId('key'), name: 'Erasable laptop' })
}

const namesOf = async ({ parts }: ScriptedWorld): Promise<readonly string[]> =>
  (await parts.storage.persons()).map(({ name }) => name).filter((name) => /Erasable/.test(name))

async function planOf(world: ScriptedWorld): Promise<string> {
  const [seated] = await world.parts.storage.entries({ kind: 'member_seated', rowsMax: 1 })
  return seated?.body.kind === 'member_seated' ? seated.body.planId : assert.fail('nobody sits')
}

test('a command that is repeated after an erasure does not bring the name back; a new one gives one', async () => {
  await using world = await openScriptedWorld(hi)
  const plan = await planOf(world)
  await nameAll(world.parts, plan)
  assert.equal((await namesOf(world)).length, 3)

  await erasePersons(world.parts, { customerId: works })
  assert.deepEqual(await namesOf(world), [])
  await nameAll(world.parts, plan)
  assert.deepEqual(await namesOf(world), [])
  assert.equal(await world.parts.storage.findPerson(ottilie), undefined)

  const seat = { customerId: works, memberId: ottilie, planId: planId(plan), actor: 'test' }
  const again = { ...seat, operationId: operationId('again'), name: 'Not Erasable' } as const
  await seatMember(world.parts, again)
  assert.deepEqual(await namesOf(world), ['Not Erasable'])
})

test('who is erased takes no name of anybody else along, and a customer takes those of all its own', async () => {
  await using world = await openScriptedWorld(hi)
  const { parts } = world
  const plan = await planOf(world)
  await nameAll(parts, plan)
  const scope = { customerId: works, memberId: memberId('bertha'), actor: 'test' } as const
  const seat = { ...scope, planId: planId(plan), name: 'Bertha Erasable' }
  await seatMember(parts, { ...seat, operationId: operationId('seat-2') })
  await issueKey(parts, { ...scope, operationId: operationId('key-2'), name: 'Erasable desk' })

  await erasePersons(parts, { customerId: works, memberId: ottilie })

  const left = ['Bertha Erasable', 'Erasable Works', 'Erasable desk']
  assert.deepEqual((await namesOf(world)).toSorted(), left)
  await erasePersons(parts, { customerId: works })
  assert.deepEqual(await namesOf(world), [])
})

test('a name that a crash or a full disk kept from being written comes with the repeat', async () => {
  let isArmed = false
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'putPerson' || !isArmed) return value.bind(target)
        return () => Promise.reject(new Error('planted'))
      },
    })
  await using world = await openScriptedWorld(hi, { wrapStorage })
  const plan = await planOf(world)
  isArmed = true

  await assert.rejects(nameAll(world.parts, plan), /planted/)
  isArmed = false
  await nameAll(world.parts, plan)

  assert.equal((await namesOf(world)).length, 3)
})
