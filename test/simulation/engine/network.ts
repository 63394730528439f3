import type { Server } from 'node:http'
import type { ConnectUpstream } from '../../../src/gateway/reply/upstream.ts'
import type { Listen } from '../../../src/system/listen.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import { Link, type Peer, type SimSocket, type Weather } from './link.ts'
import type { Timeline } from './timeline.ts'

export const ports = { gateway: 4180, admin: 4181 } as const
export type Port = keyof typeof ports

/** Who answers at the upstream's address: null is nobody, at this moment. */
export type UpstreamDoor = (link: Link) => Peer | null

/** What one process of the server sees of the network, and what the world sees of that process. */
export class Network {
  readonly #timeline: Timeline
  readonly #life: Life
  readonly #chance: Chance
  readonly #weather: Weather
  readonly #servers = new Map<number, Server>()
  readonly #door: UpstreamDoor
  #links = 0

  constructor(options: {
    readonly timeline: Timeline
    readonly life: Life
    readonly chance: Chance
    readonly weather: Weather
    readonly door: UpstreamDoor
  }) {
    this.#timeline = options.timeline
    this.#life = options.life
    this.#chance = options.chance
    this.#weather = options.weather
    this.#door = options.door
  }

  readonly listen: Listen = (server, { port }) => {
    const open = new Set<SimSocket>()
    server.on('connection', (socket) => {
      const own = socket as unknown as SimSocket
      open.add(own)
      own.once('close', () => open.delete(own))
    })
    // Node counts the connections of servers that are bound to a port, which this one is not.
    server.closeAllConnections = () => {
      for (const socket of open) socket.destroy()
    }
    server.closeIdleConnections = () => {}
    this.#servers.set(port, server)
    server.once('close', () => this.#servers.delete(port))
    return Promise.resolve({ address: '127.0.0.1', family: 'IPv4', port })
  }

  /** A connection to the server, or undefined when nobody listens. */
  connect(port: Port, chance: Chance, weather: Partial<Weather> = {}): Link | undefined {
    const server = this.#servers.get(ports[port])
    if (server === undefined || this.#life.isDead) return undefined
    const link = new Link({
      timeline: this.#timeline,
      life: this.#life,
      chance,
      weather: { ...this.#weather, ...weather },
      name: `${port} ${(this.#links += 1)}`,
    })
    server.emit('connection', link.socket)
    return link
  }

  readonly connectUpstream: ConnectUpstream = (_options, callback) => {
    const name = `upstream ${(this.#links += 1)}`
    const chance = this.#chance.fork(name)
    const event = { kind: 'network', name: `${name} connect` } as const
    this.#life.after(chance.wait(this.#weather.latencyMs), event, () => {
      const weather = this.#weather
      const link = new Link({ timeline: this.#timeline, life: this.#life, chance, weather, name })
      const peer = this.#door(link)
      if (peer === null) {
        link.socket.destroy()
        callback(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), null)
      } else {
        link.peer = peer
        // Of a plain connection the HTTP client uses what every stream has.
        callback(null, link.socket as unknown as Parameters<typeof callback>[1] & object as never)
      }
    })
  }
}
