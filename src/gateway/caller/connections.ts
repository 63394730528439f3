import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../system/clock.ts'
import { probeHalfClosed } from './half-closed.ts'

/**
 * The connections of all callers. Their number is bounded, and a place is never kept by somebody who shows
 * no key: when all are taken, the connection that has rested longest without a request of a known key gives
 * way to the newcomer. So neither slow senders nor idle connections can keep a key holder out.
 */
export class Connections {
  readonly #max: number
  readonly #clock: Clock
  readonly #open = new Map<Socket, Connection>()
  /** Those with no request of a known key, the longest resting first. */
  readonly #resting = new Set<Socket>()
  #gaveWayCount = 0

  constructor(max: number, clock: Clock) {
    this.#max = max
    this.#clock = clock
  }

  get openCount(): number {
    return this.#open.size
  }

  /** How many gave way, or found no place, since the start. */
  get gaveWayCount(): number {
    return this.#gaveWayCount
  }

  accept(socket: Socket): void {
    if (this.#open.size >= this.#max) {
      this.#gaveWayCount += 1
      const [oldest] = this.#resting
      if (oldest === undefined) {
        socket.destroy()
        return
      }
      this.#forget(oldest)
      oldest.destroy()
    }
    this.#open.set(socket, { running: [], knownCount: 0 })
    this.#resting.add(socket)
    socket.once('close', () => this.#forget(socket))
    socket.once('end', () => this.#onHalfClosed(socket))
  }

  begin(response: ServerResponse): void {
    connectionOf(this.#open, response)?.running.push(response)
  }

  /** Its request carries a known key: until its answer has left, its connection gives way to nobody. */
  prove(response: ServerResponse): void {
    const connection = connectionOf(this.#open, response)
    if (connection === undefined) return
    connection.knownCount += 1
    this.#resting.delete(response.req.socket)
  }

  end(response: ServerResponse, isKnown: boolean): void {
    const connection = connectionOf(this.#open, response)
    if (connection === undefined) return
    connection.running = connection.running.filter((other) => other !== response)
    const { socket } = response.req
    if (!isKnown) this.#rest(socket)
    // An answer that was paid for may be on its way for a while yet.
    else if (response.writableFinished) this.#endKnown(socket)
    else response.once('close', () => this.#endKnown(socket))
  }

  /** The first request on a connection that is not answered yet, and whether it is the only one. */
  firstRunning(
    socket: Socket,
  ): { readonly response: ServerResponse; readonly isOnly: boolean } | null {
    const { running = [] } = this.#open.get(socket) ?? {}
    const [response] = running
    return response === undefined ? null : { response, isOnly: running.length === 1 }
  }

  /** Nothing moved on a connection for the longest time allowed. A silent upstream is not the caller's fault. */
  onStill(socket: Socket): void {
    const isIdle = this.firstRunning(socket) === null
    const isStalledReader = socket.writableLength > 0
    if (isIdle || isStalledReader) socket.destroy()
  }

  #endKnown(socket: Socket): void {
    const connection = this.#open.get(socket)
    if (connection === undefined) return
    connection.knownCount -= 1
    this.#rest(socket)
  }

  #rest(socket: Socket): void {
    if (this.#open.get(socket)?.knownCount !== 0) return
    this.#resting.delete(socket)
    this.#resting.add(socket)
  }

  #onHalfClosed(socket: Socket): void {
    const first = (): ServerResponse | undefined =>
      this.#open.get(socket)?.running.find((response) => !response.writableEnded)
    probeHalfClosed(socket, { clock: this.#clock, firstUnanswered: first })
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket)
    this.#resting.delete(socket)
  }
}

type Connection = { running: ServerResponse[]; knownCount: number }

const connectionOf = (
  open: ReadonlyMap<Socket, Connection>,
  { req }: ServerResponse,
): Connection | undefined => open.get(req.socket)
