import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chance } from './chance.ts'
import { Life } from './life.ts'
import { Link } from './link.ts'
import { Timeline } from './timeline.ts'

test('bytes arrive in the order in which they were sent, however small the fractions of their times are', () => {
  for (let luck = 0; luck < 40; luck += 1) {
    const timeline = new Timeline({ isWhole: false })
    const life = new Life(1, timeline, () => 0)
    const weather = { latencyMs: 60, piecesPercent: 0 }
    const options = { timeline, life, weather, name: 'caller' }
    const link = new Link({ ...options, chance: new Chance(`link ${luck}`) })
    const sent = Array.from({ length: 60 }, (_, index) => `${index};`)
    const chance = new Chance(`sender ${luck}`)
    const toPeer: string[] = []
    link.peer = { onBytes: (bytes) => void toPeer.push(bytes.toString()), onClose: () => {} }
    let atMs = 0
    for (const text of sent) {
      atMs += chance.wait(3)
      timeline.after(atMs, { kind: 'caller', name: 'sends' }, () => {
        link.send(text)
        link.carry(Buffer.from(text), () => {})
      })
    }
    const toServer: string[] = []
    link.socket.arrive = (bytes) => void toServer.push(String(bytes))

    while (timeline.next());

    assert.equal(toPeer.join(''), sent.join(''), `to the peer, luck ${luck}`)
    assert.equal(toServer.join(''), sent.join(''), `to the server, ${luck}`)
  }
})
