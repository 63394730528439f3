import type { RefusalKind } from './caller/refusal-log.ts'
import type { Gate } from './gate.ts'

/** How hard callers press on the gateway, for the server's check-up: facts in memory, no history. */
export type GatewayPressure = {
  readonly connections: {
    readonly open: number
    readonly max: number
    /** Connections without a running request that had to give way to newcomers, since the start. */
    readonly gaveWayCount: number
  }
  /** Memory for request bodies. */
  readonly bodyRoom: { readonly takenBytes: number; readonly bytesMax: number }
  /** Refusals before any decision, of the minute that runs and the one before. */
  readonly refusals: Readonly<Record<RefusalKind, number>>
}

export function readPressure({ connections, settings, bodyRoom, refusals }: Gate): GatewayPressure {
  const { takenBytes, bytesMax } = bodyRoom
  return {
    connections: {
      open: connections.openCount,
      max: settings.connectionsMax,
      gaveWayCount: connections.gaveWayCount,
    },
    bodyRoom: { takenBytes, bytesMax },
    refusals: refusals.counts(),
  }
}
