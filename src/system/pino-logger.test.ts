import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPinoLogger } from './pino-logger.ts'

test('a log line is one JSON object with level, time, message and fields', () => {
  const lines: string[] = []
  const log = createPinoLogger({ write: (line) => lines.push(line) })

  log.info('request finished', { status: 200, model: 'claude-opus-5-5', missing: undefined })
  log.error('upstream account', {})

  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const { time, ...fields } = first ?? {}
  assert.match(String(time), /^\d{4}-\d{2}-\d{2}T/)
  assert.deepEqual(fields, {
    level: 'info',
    status: 200,
    model: 'claude-opus-5-5',
    msg: 'request finished',
  })
  assert.equal(second?.['level'], 'error')
})

test('whatever a field holds, its line is one line that steers no terminal, and keeps its value', () => {
  const lines: string[] = []
  const log = createPinoLogger({ write: (line) => lines.push(line) })
  const hostile = 'a\r\n{"level":"error"}\u001b]52;c;eA==\u0007\u009b2J\u202e\u2028b'

  log.info('request finished', { model: hostile })

  assert.equal(lines.length, 1)
  // eslint-disable-next-line no-control-regex -- only the line break at its end may be left
  assert.match(lines[0] ?? '', /^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]+\n$/)
  assert.equal((JSON.parse(lines[0] ?? '') as { model: string }).model, hostile)
})

const fullDisk = '/dev/full'

test('a log that cannot be written ends no server', { skip: !existsSync(fullDisk) }, () => {
  const program = `
    import { openFileLogger } from ${JSON.stringify(new URL('pino-logger.ts', import.meta.url).href)}
    const log = openFileLogger({ path: '${fullDisk}', level: 'info' })
    log.info('one')
    setImmediate(() => setImmediate(() => { log.info('two'); console.log('served'); process.exit(0) }))
  `
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  })

  assert.equal(child.status, 0)
  assert.match(child.stdout.toString(), /served/)
  assert.doesNotMatch(child.stderr.toString(), /ENOSPC/)
})

test('the last line before the process is killed is in the file, always', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'plimsoll.log')
  const program = `
    import { openFileLogger } from ${JSON.stringify(new URL('pino-logger.ts', import.meta.url).href)}
    import { pbkdf2 } from 'node:crypto'
    const log = openFileLogger({ path: ${JSON.stringify(path)}, level: 'info' })
    // Every thread that could write a line for us has other work first.
    for (let job = 0; job < 8; job += 1) pbkdf2('a', 'b', 1e6, 32, 'sha256', () => {})
    log.atEnd.warn('the last one')
    process.kill(process.pid, 'SIGKILL')
  `

  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  })

  assert.equal(child.signal, 'SIGKILL')
  assert.match(readFileSync(path, 'utf8'), /"the last one"/)
})
