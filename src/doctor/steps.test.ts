import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Refusal } from './verdict/evidence.ts'
import { stepsFor, type Step } from './steps.ts'
import { verdictCodes, type Verdict } from './verdict/verdict.ts'

const refusal: Refusal = {
  text: "API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage and keep going.",
  status: 400,
  type: undefined,
  errorClass: undefined,
  atMs: 0,
  requestId: undefined,
  sessionId: 'ca622b74-b9c1',
  clientVersion: undefined,
  entrypoint: 'cli',
  model: undefined,
  isSidechain: false,
  isRetrying: false,
  quota: undefined,
}

function steps(
  ruling: Verdict['ruling'],
  more: Partial<Verdict> = {},
  about: Partial<Refusal> = {},
): readonly Step[] {
  const verdict = {
    ruling,
    confidence: 'high',
    limit: undefined,
    evidence: [],
    missing: [],
    decisionId: undefined,
    ...more,
  } as const
  return stepsFor({
    verdict,
    refusal: { ...refusal, ...about },
    figures: [],
    isAnswered: false,
    baseUrl: undefined,
    program: 'npm run plimsoll --',
  })
}

test('every verdict has steps, and each step says how to tell that it worked', () => {
  for (const ruling of verdictCodes) {
    const found = steps(ruling)
    assert.equal(found.length === 0, ruling === 'no_refusal', ruling)
    for (const { action, sign } of found) assert.ok(action.length > 10 && sign.length > 10, ruling)
  }
})

test('for a false refusal: the balance noted, the switch off and on, a new session, the sign-in, the report', () => {
  const order = [
    'once more',
    'Note the balance',
    'off, save',
    'Compare',
    'new session',
    'Sign out',
    'report',
  ]

  const actions = steps('false_refusal').map(({ action }) => action)

  assert.deepEqual(
    order.map((words) => actions.findIndex((action) => action.includes(words))),
    order.map((_, index) => index),
  )
})

test('the switch is told with what users say of it, and what the vendor does not', () => {
  const toggle = steps('false_refusal').find(({ action }) => action.includes('off, save'))

  assert.match(
    toggle?.warning ?? '',
    /Users report that this works; the vendor has not confirmed it/,
  )
  assert.match(toggle?.warning ?? '', /a charge after switching on/)
  assert.equal(toggle?.url, 'https://claude.ai/settings/usage')
})

test('wherever a step may cost money, it says so', () => {
  for (const ruling of verdictCodes) {
    for (const step of steps(ruling)) {
      const isSpending =
        /switch extra usage on|Add to the balance|Raise the monthly cap|extra usage on/i.test(
          step.action,
        )
      if (isSpending) assert.ok(step.warning !== undefined, `${ruling}: ${step.action}`)
    }
  }
})

test('a limit that has reset since needs one thing only', () => {
  const limit = { window: 'session', resetsAtMs: 1, isOver: true } as const

  assert.deepEqual(
    steps('true_limit', { limit }).map(({ action }) => action),
    ['Send the prompt again: the limit has reset since.'],
  )
})

test('an editor is restarted in its own way', () => {
  const actions = (entrypoint: string): string =>
    steps('false_refusal', {}, { entrypoint })
      .map(({ action }) => action)
      .join('\n')

  assert.match(actions('claude-vscode'), /Reload Window/)
  assert.match(actions('claude-jetbrains'), /Invalidate Caches/)
  assert.match(actions('claude-desktop'), /Quit the desktop app/)
  assert.doesNotMatch(actions('cli'), /Reload Window|Invalidate|Quit/)
})

test('an id that is no id does not get into a command', () => {
  const commands = steps('false_refusal', {}, { sessionId: 'x; rm -rf ~' }).map(
    ({ command }) => command,
  )

  assert.ok(commands.every((command) => command === undefined || !command.includes('rm -rf')))
})

test('a gateway that refused is asked for the proof first', () => {
  const [first] = steps('true_limit', { decisionId: 'dn_abc' })

  assert.equal(first?.command, 'npm run plimsoll -- explain dn_abc')
})
