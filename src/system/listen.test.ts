import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { listenOnMachine } from './listen.ts'

/** What the system itself allows, where it says so. */
function systemMax(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  } catch {
    return 0
  }
}

const callers = 1000
const skip = systemMax() > callers ? false : 'a system that lets a thousand callers wait'

/** Another process whose callers all come while this one, which waits for it, accepts nobody. */
const crowd = (port: number): string => `
  const { connect } = require('node:net')
  let connected = 0
  const end = () => { console.log(connected); process.exit() }
  setTimeout(end, 30_000)
  for (let count = 0; count < ${callers}; count += 1) {
    const socket = connect(${port}, '127.0.0.1')
    socket.on('connect', () => { connected += 1; if (connected === ${callers}) end() })
    socket.on('error', () => {})
  }`

test(
  'a thousand callers who come at once are all let in, however late the server accepts the first',
  { skip },
  async () => {
    const server = createServer()
    const { port } = await listenOnMachine(server, { host: '127.0.0.1', port: 0 })

    const connected = execFileSync(process.execPath, ['-e', crowd(port)], { encoding: 'utf8' })

    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    assert.equal(Number(connected), callers)
  },
)
