import type { Chance } from '../engine/chance.ts'
import type { Link } from '../engine/link.ts'
import { MessageReader } from '../engine/message-reader.ts'
import type { World } from '../world.ts'

/** Somebody without a key, who sends whatever may do harm. */
export async function liveAsStranger(world: World): Promise<void> {
  const { timeline, mix } = world
  const chance = world.chance.fork('stranger')
  while (!world.isClosing) {
    await timeline.sleep(chance.wait(mix.strangerMs), { kind: 'caller', name: 'stranger' })
    const link = world.servers.connect('gateway', chance)
    if (link !== undefined) trouble(world, link, chance)
  }
}

function trouble(world: World, link: Link, chance: Chance): void {
  link.peer = new StrangerPeer(world, link)
  const body = '{"model":"sim-cheap","max_tokens":10,"messages":[]}'
  const head = (...lines: readonly string[]): string =>
    ['POST /v1/messages HTTP/1.1', 'host: gateway', ...lines, '', ''].join('\r\n')
  const key = 'x-api-key: plim_0000000000000000000000000000000'
  const texts = [
    `${head(key, `content-length: ${body.length}`)}${body}`,
    `${head(`content-length: ${body.length}`)}${body}`,
    head(key, 'content-length: -1'),
    head(key, 'content-length: 5', 'transfer-encoding: chunked'),
    head(key, 'transfer-encoding: chunked') + 'zz\r\n',
    `${head(key, 'content-length: 999999999999')}`,
    `GET /v1/files HTTP/1.1\r\nhost: x\r\n\r\n`,
    'GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
    `GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n`,
    `\u0016\u0003\u0001${chance.bytes(40).toString('latin1')}`,
    head('x-long: '.padEnd(3000, 'x'), key),
    'POST /v1/messages HTTP/1.1\r\nhost',
  ] as const
  link.send(Buffer.from(chance.pick(texts), 'latin1'))
  if (chance.percent(30)) link.end()
  else if (chance.percent(50)) link.reset()
}

class StrangerPeer {
  readonly #link: Link
  readonly #reader: MessageReader

  constructor(world: World, link: Link) {
    this.#link = link
    this.#reader = new MessageReader({
      end: ({ firstLine, body }) => {
        const status = Number(firstLine.split(' ')[1])
        const isProbe = body.includes('"status"')
        if (status === 200 && body !== '' && !isProbe) world.blame('a stranger was served', body)
        if (status === 500) world.blame('a stranger found a fault', body)
      },
    })
  }

  onBytes(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  onClose(): void {
    this.#link.reset()
  }
}
