import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailedTries } from './failed-tries.ts'

const minuteMs = 60_000
const olga = 'olga@example.com'

function open() {
  let nowMs = 0
  const tries = new FailedTries({ elapsedMs: () => nowMs })
  const failFrom = (email: string, address: string, count: number): number => {
    let refused = 0
    for (let at = 0; at < count; at += 1) {
      if (tries.begin({ email, address }) !== undefined) refused += 1
    }
    return refused
  }
  return { tries, failFrom, pass: (ms: number) => (nowMs += ms) }
}

test('whoever hammers at an e-mail from one place keeps its person out nowhere else', () => {
  const { tries, failFrom } = open()

  assert.equal(failFrom(olga, '192.0.2.66', 1000), 990)

  assert.deepEqual(tries.begin({ email: olga, address: '192.0.2.66' }), { waitMs: 15 * minuteMs })
  assert.equal(tries.begin({ email: olga, address: '198.51.100.1' }), undefined)
})

test('a hundred failed tries at an e-mail from everywhere make everybody wait, until a link or the time ends it', () => {
  const { tries, failFrom, pass } = open()
  const here = { email: olga, address: '198.51.100.1' }
  const failEverywhere = (): void => {
    for (let at = 0; at < 10; at += 1) assert.equal(failFrom(olga, `192.0.2.${at}`, 10), 0)
  }

  failEverywhere()
  assert.notEqual(tries.begin(here), undefined)
  tries.forget(olga)
  assert.equal(tries.begin(here), undefined)
  tries.succeed(here)
  failEverywhere()
  assert.notEqual(tries.begin(here), undefined)
  pass(15 * minuteMs)
  assert.equal(tries.begin(here), undefined)
})

test('an address has fifty tries at whatever e-mails, and those that were right are not among them', () => {
  const { tries, failFrom } = open()
  const address = '192.0.2.66'

  for (let at = 0; at < 60; at += 1) {
    const own = { email: 'own@example.com', address }
    assert.equal(tries.begin(own), undefined)
    tries.succeed(own)
  }
  for (let at = 0; at < 50; at += 1) assert.equal(failFrom(`p${at}@example.com`, address, 1), 0)

  assert.equal(failFrom('other@example.com', address, 1), 1)
  assert.equal(failFrom('other@example.com', '192.0.2.67', 1), 0)
})

test('whoever signs in right between two guesses has no more guesses at others for it', () => {
  const { tries, failFrom } = open()
  const address = '192.0.2.66'

  for (let at = 0; at < 50; at += 1) {
    assert.equal(failFrom(`p${at}@example.com`, address, 1), 0)
    if (at === 49) break
    const own = { email: 'own@example.com', address }
    assert.equal(tries.begin(own), undefined)
    tries.succeed(own)
  }

  assert.equal(failFrom('other@example.com', address, 1), 1)
})

test('a try about whose password nothing was found out is taken back', () => {
  const { tries } = open()
  const here = { email: olga, address: '198.51.100.1' }

  for (let at = 0; at < 30; at += 1) {
    assert.equal(tries.begin(here), undefined)
    tries.takeBack(here)
  }
})
