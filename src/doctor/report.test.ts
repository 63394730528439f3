import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { examine, findRefusal } from './examine.ts'
import { momentText, redacted, reportText, type ReportExtras } from './report.ts'

const nowMs = Date.UTC(2026, 10, 27, 12, 5)
const extras: ReportExtras = {
  plan: 'Max 20x',
  tried: ['signed in again, from /home/ada/work'],
  hasPrompt: false,
  names: ['ada'],
  platform: 'linux',
  zone: 'Europe/Berlin',
}

const secrets = {
  email: 'ada.lovelace@example.org',
  anthropicKey: 'sk-ant-api03-AbCdEf_0123456789-xyz',
  memberKey: 'plim_0123456789abcdef',
  token: 'Bearer abcdef.0123456789',
  webToken: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  home: '/home/ada/secret-project/src/main.ts',
  mac: '/Users/ada/Documents/secret-project',
  windows: String.raw`C:\Users\ada\secret-project\main.ts`,
  tilde: '~/secret-project/notes',
  urlUser: 'ada:hunter2@',
}

function reportOf(text: string, more: Partial<ReportExtras> = {}): string {
  const records = [
    {
      type: 'user',
      message: { content: 'my secret prompt' },
      cwd: '/home/ada/work',
      sessionId: 'a-session-id',
    },
    {
      type: 'assistant',
      timestamp: '2026-11-27T12:00:00.000Z',
      cwd: '/home/ada/work',
      sessionId: 'a-session-id',
      gitBranch: 'secret-branch',
      version: '2.1.330',
      requestId: 'req_011CQ',
      apiErrorStatus: 400,
      apiErrorType: 'invalid_request_error',
      isApiErrorMessage: true,
      message: { model: '<synthetic>', content: [{ type: 'text', text }] },
    },
  ]
  const finding = findRefusal(
    { kind: 'text', text: records.map((each) => JSON.stringify(each)).join('\n') },
    nowMs,
  )
  const found = examine(finding, { figures: [], nowMs, baseUrl: undefined, program: 'plimsoll' })
  return reportText(finding, found, { ...extras, ...more })
}

const out =
  "API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage and keep going."

test('a report has what support asks for, with the message word for word', () => {
  const report = reportOf(out)

  for (const part of [
    `> ${out}`,
    '- Plan: Max 20x',
    '- Time: 2026-11-27 13:00:00 UTC+01:00 (Europe/Berlin)',
    '- HTTP status: 400',
    '- Error type: invalid_request_error',
    '- Request id: req_011CQ',
    '- Client: Claude Code 2.1.330',
    '## What was tried',
  ]) {
    assert.ok(report.includes(part), `${part} in:\n${report}`)
  }
})

test('a report has no prompt, path, session, branch, key or name, also where the message holds them', () => {
  const held = { ...secrets, urlUser: 'https://ada:hunter2@host.example/' }
  const report = reportOf(`${out} ${Object.values(held).join(' , ')} Sorry, ada.`)

  for (const secret of [...Object.values(secrets), 'ada', 'secret', 'a-session-id', 'hunter2']) {
    assert.ok(!report.includes(secret), `${secret} in:\n${report}`)
  }
  assert.ok(report.includes(out), 'what is no secret stays')
})

test('a name with a space or an accent, and a path of any place, are removed', () => {
  const held = [
    String.raw`C:\Users\Ada Lovelace\project\main.ts`,
    '/Volumes/Disk/project/main.ts',
    '/srv/project/main.ts',
    String.raw`\\server\share\project\main.ts`,
    'hf_abcdefghijklmnop',
  ]
  const report = reportOf(`${out} ${held.join(' , ')} Sorry, JOSÉ. See /v1/messages`, {
    names: ['Ada Lovelace', 'josé'],
  })

  assert.doesNotMatch(report, /Lovelace|project|main\.ts|hf_|jos/i)
  assert.match(report, /See \/v1\/messages/)
  assert.ok(report.includes(out))
})

test('a report without figures speaks of none', () => {
  const report = reportOf(out)

  assert.match(report, /## What follows\n/)
  assert.doesNotMatch(report, /Figures|from them/)
})

test('the prompt is in it only when it was asked for', () => {
  assert.ok(reportOf(out, { hasPrompt: true }).includes('my secret prompt'))
})

test('wherever a secret stands in a line, and with whatever invisible characters within, it is removed', () => {
  const around = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[\w.@%+~:/\\-]/g, ' '))
  const spliced = fc
    .record({
      secret: fc.constantFrom(...Object.values(secrets)),
      at: fc.nat(30),
      hidden: fc.constantFrom('', '\u200b', '\u0000', '\u202e'),
    })
    .map(({ secret, at, hidden }) => ({
      secret,
      text: secret.slice(0, at) + hidden + secret.slice(at),
    }))
  fc.assert(
    fc.property(around, spliced, around, (before, { secret, text }, after) => {
      const isUrl = secret === secrets.urlUser
      const line = redacted(
        `${before} ${isUrl ? 'https://' : ''}${text}${isUrl ? 'host/' : ''} ${after}`,
      )
      const words = secret.match(/[A-Za-z0-9]{6,}/g) ?? [secret]
      for (const word of words) {
        if (!['Bearer', 'Users', 'Documents'].includes(word)) assert.ok(!line.includes(word), line)
      }
    }),
  )
})

test('a moment says its offset, also where the clocks are set back', () => {
  assert.equal(
    momentText(Date.UTC(2026, 6, 1), 'Europe/Berlin'),
    '2026-07-01 02:00:00 UTC+02:00 (Europe/Berlin)',
  )
  assert.equal(momentText(Date.UTC(2026, 6, 1), 'UTC'), '2026-07-01 00:00:00 UTC')
  const london = momentText(Date.UTC(2026, 0, 1), 'Europe/London')
  assert.equal(london, '2026-01-01 00:00:00 UTC (Europe/London)')
})
