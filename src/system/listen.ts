import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ListenPlace = { readonly host: string; readonly port: number }

/** Opens a server to callers, as a value: a simulation brings its own callers, and no port of the machine. */
export type Listen = (server: Server, place: ListenPlace) => Promise<AddressInfo>

/**
 * So many callers may come before the first of them is accepted; the system may have a lower bound of its own. Whoever
 * comes beyond it waits for a second or more, and is reset in the end: Node's own bound is 511.
 */
const unacceptedMax = 4096

/** Resolves with the bound address; rejects with what keeps the server from being bound. */
export const listenOnMachine: Listen = (server, { host, port }) =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: unacceptedMax }, () => {
      server.off('error', reject)
      // A server that listens on a port has an address with one.
      resolve(server.address() as AddressInfo)
    })
  })
