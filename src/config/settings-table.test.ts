import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { loadSettingsWithOrigins } from './load-settings.ts'
import { settingsInForce } from './settings-table.ts'

test('each setting says its value and who said it, and no secret says its value', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-settings-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const config = join(folder, 'own.json')
  writeFileSync(config, '{ "waitersMax": 3, "gatewayPort": 9 }')

  const { settings, origins } = loadSettingsWithOrigins({
    flags: ['--gateway-port', '11', '--config', config],
    environment: { PLIMSOLL_ADMIN_PORT: '12', ANTHROPIC_API_KEY: 'sk-not-to-be-seen' },
    folder,
  })
  const rows = settingsInForce(settings, origins)
  const said = (name: string): readonly (string | null)[] => {
    const { value, source, where } = rows.find((row) => row.name === name) ?? assert.fail(name)
    return [value, source, where]
  }

  assert.deepEqual(said('gatewayPort'), ['11', 'flag', '--gateway-port'])
  assert.deepEqual(said('adminPort'), ['12', 'environment', 'PLIMSOLL_ADMIN_PORT'])
  assert.deepEqual(said('waitersMax'), ['3', 'file', `"waitersMax" in ${config}`])
  assert.deepEqual(said('burstSize'), ['120', 'default', null])
  assert.deepEqual(said('overrunMax'), ['10.00', 'default', null])
  assert.deepEqual(said('upstreamKey'), ['[secret]', 'environment', 'ANTHROPIC_API_KEY'])
  assert.deepEqual(said('upstreamUrl'), ['https://api.anthropic.com', 'derived', null])
  assert.doesNotMatch(JSON.stringify([rows, [...origins]]), /not-to-be-seen/)
})
