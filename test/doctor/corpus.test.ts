import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import type { Figure } from '../../src/doctor/verdict/evidence.ts'
import { examine, findRefusal, type Examination } from '../../src/doctor/examine.ts'
import { figuresTold, type Told } from '../../src/doctor/figures/told-figures.ts'
import { derivedCases } from './derived-cases.ts'
import { refusalCases } from './refusal-cases.ts'

/** Labelled transcripts: most were written by the real client, the rest are derived from its records. */

const folder = join(import.meta.dirname, 'transcripts')
const story: Told = { session: '0', week: '12', balance: '100', cap: '50', spent: '0' }

function look(path: string, told: Told = {}, afterMs = 5 * 60_000): Examination {
  const isStream = path.includes('stream')
  const written = /"timestamp":"([^"]+)"/.exec(readFileSync(path, 'utf8'))?.[1]
  const nowMs = (written === undefined ? Date.UTC(2026, 10, 27, 23) : Date.parse(written)) + afterMs
  const where = isStream
    ? ({ kind: 'text', text: readFileSync(path, 'utf8') } as const)
    : ({ kind: 'file', path } as const)
  const figures: readonly Figure[] = figuresTold(told, { atMs: nowMs, what: 'options' }).figures
  return examine(findRefusal(where, nowMs), {
    figures,
    nowMs,
    baseUrl: undefined,
    program: 'plimsoll',
  })
}

const rulings = new Map(refusalCases.map(({ name, ruling }) => [name, ruling]))
const captured = globSync('{print,stream,screen}/*.jsonl', { cwd: folder }).sort()

test('there are at least sixty labelled transcripts, most of them written by the real client', () => {
  assert.ok(captured.length + derivedCases.length >= 60)
  assert.ok(captured.length >= 60, `${captured.length} captured`)
  assert.deepEqual(
    refusalCases.filter(({ name }) => !captured.includes(join('print', `${name}.jsonl`))),
    [],
  )
})

for (const name of captured) {
  test(`the real client's ${name} is judged as it is labelled`, () => {
    const ruling = rulings.get(basename(name, '.jsonl'))

    const { verdict, refusal } = look(join(folder, name))

    assert.equal(verdict.ruling, ruling, `${refusal?.text}`)
    assert.notEqual(refusal?.requestId, '')
  })
}

test('with figures that contradict them, all of them that claim use are called false, and no other', () => {
  const claims = [
    'possibly_false',
    'true_limit',
    'out_of_balance',
    'extra_usage_off',
    'cap_reached',
  ]
  for (const name of captured) {
    const label = basename(name, '.jsonl')
    const { verdict } = look(join(folder, name), story)
    if (verdict.ruling !== 'false_refusal') continue
    assert.ok(claims.includes(rulings.get(label) ?? ''), name)
    assert.doesNotMatch(label, /^(plimsoll|api-credit|another-402)/)
  }
  const outs = captured.filter((name) => name.includes('out-of-'))
  const judged = outs.map((name) => look(join(folder, name), story).verdict.ruling)
  assert.deepEqual(new Set(judged), new Set(['false_refusal']))
})

for (const { name, lines, told, afterMs, ruling, confidence } of derivedCases) {
  test(`${name}: ${ruling}`, () => {
    const nowMs = Date.parse('2026-11-27T12:00:00Z') + (afterMs ?? 5 * 60_000)
    const where = { kind: 'text', text: lines.join('\n') } as const
    const figures = figuresTold(told ?? {}, { atMs: nowMs, what: 'options' }).figures

    const { verdict, refusal } = examine(findRefusal(where, nowMs), {
      figures,
      nowMs,
      baseUrl: undefined,
      program: 'plimsoll',
    })

    assert.equal(verdict.ruling, ruling, `${refusal?.text} ${JSON.stringify(verdict.evidence)}`)
    if (confidence !== undefined) assert.equal(verdict.confidence, confidence)
  })
}

test('what nobody vouches for is never called false: no labelled transcript is, without figures of a person', () => {
  for (const name of captured) {
    assert.notEqual(look(join(folder, name)).verdict.ruling, 'false_refusal', name)
  }
})

test('no transcript of the corpus names a machine or holds a key', () => {
  for (const name of captured) {
    const text = readFileSync(join(folder, name), 'utf8')
    assert.doesNotMatch(text, /plimsoll-client|dummy-key|\/root\b|\/tmp\/|device_id/, name)
  }
})
