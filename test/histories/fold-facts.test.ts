import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import type { RequestFacts } from '../../src/core/entry.ts'
import { type Command, members } from '../model/core-story.ts'
import { Lockstep } from '../model/lockstep.ts'
import { NaiveModel } from '../model/naive-model.ts'
import { prices, type Setting, story } from '../model/world.ts'
import { AccountModel } from './account-model.ts'
import { foldFacts } from './fold-facts.ts'
import { asking, opening, terms } from './sample-account.ts'

const hourMs = 3_600_000

/** The naive model beside one whose facts are folded after each step; only what it learned comes from the first. */
class FoldedBeside extends Lockstep {
  readonly folded: NaiveModel
  answers: { plain: unknown; folded: unknown } = { plain: null, folded: null }

  constructor(setting: Setting) {
    super(setting)
    const plain = this.model
    this.folded = new (class extends NaiveModel {
      override expectedOutput(member: string, facts: RequestFacts): number {
        return plain.expectedOutput(member, facts)
      }
    })(prices)
    this.folded.facts.push(...plain.facts)
  }

  protected override perform(command: Command): void {
    // What was folded away has ended.
    const isKnown = 'id' in command && this.folded.holds().some(({ hold }) => hold === command.id)
    const isForgotten = command.kind === 'settle' && !isKnown
    const folded = isForgotten ? 'already_ended' : (this.mirror(command, this.folded) ?? null)
    super.perform(command)
    this.answers = { folded, plain: this.expected }
    if (this.folded.facts.some(({ kind }) => kind === 'seated')) this.fold()
  }

  private fold(): void {
    this.folded.facts.splice(0, Infinity, ...foldFacts(this.folded))
  }

  compareFolded(): void {
    assert.deepEqual(this.answers.folded, this.answers.plain, 'both answer alike')
    for (const member of members) {
      const plain = this.figures(member, this.model)
      assert.deepEqual(this.figures(member, this.folded), plain, 'both show the same figures')
    }
    assert.equal(this.folded.overrunInMonth(this.nowMs), this.model.overrunInMonth(this.nowMs))
    assert.equal(this.folded.overrunReserved(), this.model.overrunReserved())
  }
}

test('folding what has ended into its sums changes no later answer and no figure', () => {
  fc.assert(
    fc.property(story, (told) => {
      const played = new FoldedBeside(told.setting)
      played.begin(told.setting)
      for (const taken of told.steps) {
        played.take(taken)
        played.compareFolded()
      }
    }),
    { numRuns: 40 },
  )
})

test('folding folded books again changes nothing, so equal books have equal facts', () => {
  for (const { setting, steps } of fc.sample(story, { numRuns: 30, seed: 3 })) {
    const played = new FoldedBeside(setting)
    played.begin(setting)
    for (const taken of steps) played.take(taken)

    assert.deepEqual(foldFacts(played.folded), [...played.folded.facts])
  }
})

test('a hold that is too old to be settled is forgotten for good, also when the clock is put back', () => {
  const model = new AccountModel(terms)
  const books = model.books(opening(0n).facts)
  const begins = terms.nowMs
  for (const hold of ['old', 'late']) {
    books.given = { expected: { money: 10n, tokens: 0n, requests: 1n }, money: 10n, reserve: 0n }
    const { facts } = asking({ member: 'ann', hold, amount: 10n })
    books.authorize({ hold, member: 'ann', facts, holdMaxMs: 1000 }, begins)
  }
  books.expire('old', begins)
  books.expire('late', begins + 25 * hourMs)
  const usage = { usage: { output: 10 }, marks: [], isEstimate: false }
  books.settle('late', usage, begins + 25 * hourMs)

  const folded = model.books(foldFacts(books))

  assert.equal(books.settle('old', usage, begins + hourMs), 'already_ended')
  assert.throws(() => folded.settle('old', usage, begins + hourMs), /Nobody knows hold old/)
})
