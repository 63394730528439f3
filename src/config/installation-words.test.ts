import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { installationWords, withInstallation } from './installation-words.ts'

const home = { dataFolder: resolve('data'), adminUrl: null }
const elsewhere = { dataFolder: '/srv/my books', adminUrl: null }

test('commands name their installation only where it is not found without', () => {
  assert.equal(installationWords(home), '')
  assert.equal(installationWords(elsewhere), " --data-folder '/srv/my books'")
  assert.equal(
    installationWords({ ...home, adminUrl: 'http://far:1' }),
    ' --admin-url http://far:1',
  )
})

test('hints within sentences go to the same installation', () => {
  const said =
    'See whether it runs: npm run plimsoll -- status. Start it: npm start. List: npm run plimsoll -- customer list (or member list).'

  assert.equal(withInstallation(said, home), said)
  assert.equal(
    withInstallation(said, { dataFolder: '/srv/d', adminUrl: null }),
    'See whether it runs: npm run plimsoll -- status --data-folder /srv/d. Start it: npm start -- --data-folder /srv/d. List: npm run plimsoll -- customer list --data-folder /srv/d (or member list).',
  )
})
