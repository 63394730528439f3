import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startFaultyWriterThread } from './faulty-writer-thread.ts'
import { runWithFaults, type FaultOutcome } from './fault-run.ts'
import type { FaultKind, SqlFault } from './sql-faults.ts'
import type { Place } from './watched-driver.ts'

const errors: readonly FaultKind[] = ['io', 'full', 'busy', 'corrupt']

const said: Readonly<Record<FaultKind, string>> = {
  io: 'fails',
  full: 'is full',
  busy: 'stays busy',
  corrupt: 'is corrupt',
  kill: 'ends the process',
}

function assertWeathered(outcome: FaultOutcome): void {
  const { lost, deniedFalsely, broken, struck, promises } = outcome
  assert.deepEqual({ lost, deniedFalsely, broken }, { lost: [], deniedFalsely: [], broken: [] })
  assert.ok(
    struck.every((times) => times > 0),
    'a fault never struck',
  )
  assert.ok(promises > 0)
}

describe('D12: a statement of a commit goes wrong, and nobody is told what might not be true', () => {
  const inTransaction: readonly Place[] = ['insert entry', 'insert snapshot', 'commit']
  const wheres: readonly Omit<SqlFault, 'kind'>[] = [
    { place: 'begin', when: 'before' },
    { place: 'begin', when: 'after' },
    ...inTransaction.flatMap((place): Omit<SqlFault, 'kind'>[] => [
      { place, when: 'before' },
      { place, when: 'before', endsTransaction: true },
      { place, when: 'after' },
    ]),
  ]

  for (const kind of errors) {
    for (const where of wheres) {
      const rolledBack = where.endsTransaction === true ? ' and SQLite rolls back' : ''
      test(`the disk ${said[kind]} ${where.when} "${where.place}"${rolledBack}`, async () => {
        const fault = { kind, ...where }

        assertWeathered(await runWithFaults({ faults: [fault] }))
        if (kind !== 'io') return
        assertWeathered(await runWithFaults({ faults: [{ ...fault, times: 1 }] }))
      })
    }
  }

  for (const place of ['begin', 'insert entry', 'commit'] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`in the writer's own thread: the disk fails ${when} "${place}"`, async () => {
        const faults: SqlFault[] = [{ kind: 'io', place, when }]

        assertWeathered(await runWithFaults({ faults, openWriter: startFaultyWriterThread }))
      })
    }
  }
})

describe('D12: the recovery after a failed commit fails, too, and is tried again', () => {
  const places: readonly Place[] = [
    'open',
    'close',
    'rollback',
    'pragma',
    'read last position',
    'read chain',
    'read',
    'begin',
    'commit',
  ]
  for (const place of places) {
    for (const how of ['before', 'after'] as const) {
      // A commit that has happened leaves nothing to roll back.
      if (place === 'rollback' && how === 'after') continue
      test(`the commit fails ${how} it was durable, then "${place}" fails`, async () => {
        const faults: SqlFault[] = [
          { kind: 'io', place: 'commit', when: how, times: 1 },
          { kind: 'io', place, when: 'before', times: 3, skipped: place === 'begin' ? 4 : 0 },
        ]

        assertWeathered(await runWithFaults({ faults }))
      })
    }
  }
})

describe('D12: a read goes wrong, and its asker is told that limits are unavailable', () => {
  const places: readonly Place[] = [
    'read snapshot',
    'read positions',
    'read rows',
    'read operation',
  ]
  for (const kind of errors) {
    for (const place of places) {
      test(`the disk ${said[kind]} at "${place}"`, async () => {
        assertWeathered(await runWithFaults({ faults: [{ kind, place, when: 'before' }] }))
      })
    }
  }
})
