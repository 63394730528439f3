import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { callerAddress } from './caller-address.ts'

const publicUrl = new URL('https://plimsoll.example')

async function addressOf(peer: string, forwarded?: string): Promise<string> {
  const app = new Hono()
  app.get('/', (c) => c.text(callerAddress(c, forwarded === undefined ? null : publicUrl)))
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const incoming = { socket: { remoteAddress: peer } }
  return (await app.request('/', { headers }, { incoming })).text()
}

test('on a port that takes both kinds of addresses, callers by IPv4 are told apart', async () => {
  assert.equal(await addressOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(await addressOf('::FFFF:192.0.2.8'), '192.0.2.8')
  assert.equal(await addressOf('192.0.2.7'), '192.0.2.7')
  assert.equal(await addressOf('2001:db8:1:2:3::4'), await addressOf('2001:db8:1:2::9'))
  assert.notEqual(await addressOf('2001:db8:1:2:3::4'), await addressOf('2001:db8:1:3::9'))
})

test('a proxy may say the port as well; what is no address counts for the proxy', async () => {
  assert.equal(await addressOf('127.0.0.1', '203.0.113.9, 192.0.2.7'), '192.0.2.7')
  assert.equal(await addressOf('127.0.0.1', '192.0.2.7:55123'), '192.0.2.7')
  assert.equal(await addressOf('127.0.0.1', '[2001:db8::1]:443'), '2001:db8:0:0')
  assert.equal(await addressOf('127.0.0.1', '::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(await addressOf('127.0.0.1', 'unknown'), '127.0.0.1')
})
