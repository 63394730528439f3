import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeRoomyPlans } from './roomy-plans.ts'
import { endServer, startServer } from './server-process.ts'
import { StreamLoad } from './stream-load.ts'

/**
 * Writes the journal of an older version for `upgrade.test.ts`, from a checkout of that version, killed with
 * requests running:
 *
 *   git archive 97ec0f5 | tar -x -C /tmp/old && ln -s "$PWD/node_modules" /tmp/old/node_modules
 *   node scripts/bootstrap.mjs test/running/make-old-folder.ts /tmp/old test/running/from-0.1.0
 */
const [sources = '', target = ''] = process.argv.slice(2)
if (!existsSync(join(sources, 'src', 'main.ts')) || !existsSync(target)) {
  console.error('Say where the old sources are, and where to write.')
  process.exit(2)
}
const folder = join(mkdtempSync(join(tmpdir(), 'plimsoll-old-')), 'data')
const plans = `${folder}-plans.json`
const flags = writeRoomyPlans(plans)
const server = await startServer({
  root: sources,
  folder,
  flags: [...flags, '--snapshot-every', '3'],
})
let long = false
const load = new StreamLoad(() => (long ? 3000 : 20))
load.moveTo(server)
load.start(4)
await load.begun(24)
const refused = await fetch(`${server.gatewayUrl}/v1/messages`, {
  method: 'POST',
  headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'a-model-without-a-price',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'Hello' }],
  }),
})
await refused.arrayBuffer()
const denial = refused.headers.get('x-plimsoll-decision') ?? ''
long = true
const { beganCount } = load
await load.begun(beganCount + 5)
await endServer(server)
load.moveTo(null)
const { told } = await load.end()
for (const name of ['journal.db', 'journal.db-wal']) {
  writeFileSync(
    join(target, `${name}.gz`),
    gzipSync(readFileSync(join(folder, name)), { level: 9 }),
  )
}
writeFileSync(join(target, 'told.json'), `${JSON.stringify({ denial, told }, null, 2)}\n`)
rmSync(join(folder, '..'), { recursive: true })
console.log(
  `${told.length} replies, of which ${told.filter(({ how }) => how !== 'finished').length} broke off`,
)
