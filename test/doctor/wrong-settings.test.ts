import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDoctorWorld, type DoctorOptions, type DoctorWorld } from './doctor-world.ts'

/** Whoever was just refused is not to mend a server's settings first. */

type Broken = {
  readonly environment?: Readonly<Record<string, string>>
  readonly prepare?: (folder: string) => void
  /** What is said to be ignored. */
  readonly said: RegExp
}

const settingsFile = (text: string) => (folder: string) => {
  mkdirSync(join(folder, 'data'), { recursive: true })
  writeFileSync(join(folder, 'data', 'plimsoll.json'), text)
}

const cases: Readonly<Record<string, Broken>> = {
  'a value that cannot be': {
    environment: { PLIMSOLL_GATEWAY_PORT: 'many' },
    said: /PLIMSOLL_GATEWAY_PORT takes/,
  },
  'a zone that is none': {
    environment: { PLIMSOLL_TIME_ZONE: 'Mars/Base' },
    said: /PLIMSOLL_TIME_ZONE takes/,
  },
  'a setting that is none': {
    environment: { PLIMSOLL_NONSENSE: '1' },
    said: /PLIMSOLL_NONSENSE is not a setting/,
  },
  'a secret whose file is away': {
    environment: { PLIMSOLL_UPSTREAM_KEY_FILE: '/nowhere/key' },
    said: /PLIMSOLL_UPSTREAM_KEY_FILE/,
  },
  'a settings file that is named and not there': {
    environment: { PLIMSOLL_CONFIG: '/nowhere/plimsoll.json' },
    said: /cannot be read/,
  },
  'a settings file that is half written': {
    prepare: settingsFile('{"gatewayPort": 42'),
    said: /plimsoll\.json/,
  },
  'a data folder that is none': {
    prepare: (folder) => writeFileSync(join(folder, 'data'), ''),
    said: /is a file, or lies in one/,
  },
}

async function each(
  args: readonly string[],
  look: (
    world: DoctorWorld,
    run: (more?: readonly string[]) => Promise<{ code: number; out: string; err: string }>,
    broken: Broken,
  ) => Promise<void>,
): Promise<void> {
  for (const broken of Object.values(cases)) {
    using world = openDoctorWorld()
    const folder = join(world.home, 'work')
    mkdirSync(folder)
    writeFileSync(join(folder, 'draft.txt'), 'words')
    broken.prepare?.(folder)
    const { environment } = broken
    const options: DoctorOptions = { folder, ...(environment === undefined ? {} : { environment }) }
    await look(world, (more = []) => world.doctor([...args, ...more], options), broken)
  }
}

test('no broken setting keeps the doctor from its verdict, and it says in one line what it ignored', async () => {
  await each(['doctor', '--message', 'API Error: 529 Overloaded'], async (_, run, { said }) => {
    const { code, err } = await run()
    const json = await run(['--json'])

    assert.equal(code, 34, err)
    assert.match(err.replaceAll(/\s+/g, ' '), said)
    assert.match(err, /^Settings that are wrong are ignored here: /)
    assert.equal((JSON.parse(json.out) as { verdict: string }).verdict, 'server_trouble')
    const { warning } = JSON.parse(json.err) as { warning: { code: string } }
    assert.equal(warning.code, 'settings_invalid')
  })
})

test('nor does one keep files from being kept, or a wait from waiting', async () => {
  await each(['checkpoint', 'take'], async (_, run, { said }) => {
    const { code, out, err } = await run()

    assert.equal(code, 0, err)
    assert.match(out, /Kept as it is now/)
    assert.match(err.replaceAll(/\s+/g, ' '), said)
  })
  await each(['wait', '--until', '0s'], async (_, run) => {
    const { code, out, err } = await run(['--no-notification', '--no-bell'])

    assert.equal(code, 0, err)
    assert.match(out, /It is over/)
  })
})

test('what is right among them still counts, and a command that asks a server says what is wrong', async () => {
  using world = openDoctorWorld()
  const environment = { PLIMSOLL_GATEWAY_PORT: 'many', PLIMSOLL_TIME_ZONE: 'Asia/Tokyo' }

  const waited = await world.doctor(['wait', '--until', '2020-01-01T00:00:00Z'], { environment })
  const status = await world.doctor(['status'], { environment })

  assert.match(waited.out, /1 Jan 2020 09:00/)
  assert.equal(status.code, 2)
})
