import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDoctorWorld, type DoctorWorld } from './doctor-world.ts'

/** A gateway refused in the vendor's place: then a page of the vendor is the wrong one. */

const turns = join(import.meta.dirname, 'transcripts', 'turns', 'refused-after-an-answer.jsonl')
const print = join(import.meta.dirname, 'transcripts', 'print')
const plimsollId = 'req_23vgznjcarnggjfv'
const vendorId = 'req_011CVZbAbcDefGhJkLmNpQrS'

/** The refusal as it was met by a client that is signed in as with a plan; its reset lies ahead. */
function refused(world: DoctorWorld, requestId: string): void {
  const project = join(world.config, 'projects', '-home-ada-work')
  mkdirSync(project, { recursive: true })
  const text = readFileSync(turns, 'utf8')
    .replaceAll(plimsollId, requestId)
    .replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${new Date().toISOString()}"`)
    .replaceAll(/"resetsAt":\d+/g, `"resetsAt":${Math.floor(Date.now() / 1000) + 3600}`)
  writeFileSync(join(project, 'a-session.jsonl'), text)
}

const saidBy = async (
  world: DoctorWorld,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { out } = await world.doctor(['doctor'], { environment })
  return out.replaceAll(/\s+/g, ' ')
}

const vendorPage = /claude\.ai|console\.anthropic/

test('with the client set to another host, whoever runs that gateway is asked, and not the vendor', async () => {
  using world = openDoctorWorld()
  refused(world, 'req_scripted')

  const said = await saidBy(world, { ANTHROPIC_BASE_URL: 'https://limits.example:8443/llm' })

  assert.match(said, /Ask whoever runs the gateway at limits\.example:8443 for more/)
  assert.match(said, /the client is set to a host that is not the vendor’s \(ANTHROPIC_BASE_URL\)/)
  assert.doesNotMatch(said, vendorPage)
})

test('a report names the gateway’s host to nobody', async () => {
  using world = openDoctorWorld()
  refused(world, 'req_scripted')
  const environment = { ANTHROPIC_BASE_URL: 'https://limits.example:8443/llm' }

  const { out } = await world.doctor(['doctor', '--report'], { environment })

  assert.match(out, /ANTHROPIC_BASE_URL/)
  assert.doesNotMatch(out, /limits\.example/)
})

test('where only the request id tells that a Plimsoll gateway refused, that gateway is named', async () => {
  using world = openDoctorWorld()
  refused(world, plimsollId)

  const said = await saidBy(world)

  assert.match(said, /Ask whoever runs the Plimsoll gateway that your client uses/)
  assert.doesNotMatch(said, vendorPage)
})

test('the vendor is named where nothing else is set, it is what is set, or the request id is its own', async () => {
  using world = openDoctorWorld()
  refused(world, 'req_scripted')
  const plain = await saidBy(world)
  const set = await saidBy(world, { ANTHROPIC_BASE_URL: 'https://api.anthropic.com' })
  const unreadable = await saidBy(world, { ANTHROPIC_BASE_URL: 'nonsense' })
  refused(world, vendorId)
  const passedOn = await saidBy(world, { ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000' })

  for (const said of [plain, set, unreadable, passedOn]) {
    assert.match(said, /https:\/\/claude\.ai\/settings\/usage/)
    assert.doesNotMatch(said, /whoever runs/)
  }
})

test('figures are asked for where the gateway shows them, and its own address is opened', async () => {
  using world = openDoctorWorld()
  const options = { environment: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000' } }
  const told = await world.doctor(['doctor', '--message', "You're out of extra usage."], options)
  const path = join(print, 'session-limit.jsonl')
  await world.doctor(['doctor', '--open', '--transcript', path], options)

  assert.match(told.out.replaceAll(/\s+/g, ' '), /Read your figures where the gateway at 127/)
  assert.match(told.out, /plimsoll -- doctor --session 0/)
  assert.doesNotMatch(told.out, vendorPage)
  assert.deepEqual(world.started, ['xdg-open http://127.0.0.1:4000'])
})

test('a code of the service is told in words, with the code behind them', async () => {
  using world = openDoctorWorld()
  refused(world, 'req_scripted')

  const said = await saidBy(world)

  assert.match(
    said,
    /extra usage was closed: the organisation has it switched off \(org_level_disabled\)/,
  )
})
