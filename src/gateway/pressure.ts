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
  /** Replies whose holds could not be ended yet: they wait for the journal, or for a quarantine to end. */
  readonly lateEnds: { readonly count: number; readonly oldestMs: number }
  /** Refusals before any decision, of the minute that runs and the one before. */
  readonly refusals: Readonly<Record<RefusalKind, number>>
}

export function readPressure(gate: Gate): GatewayPressure {
  const { connections, settings, bodyRoom, lateEnds, refusals } = gate
  const { takenBytes, bytesMax } = bodyRoom
  return {
    connections: {
      open: connections.openCount,
      max: settings.connectionsMax,
      gaveWayCount: connections.gaveWayCount,
    },
    bodyRoom: { takenBytes, bytesMax },
    lateEnds: lateEnds.facts(),
    refusals: refusals.counts(),
  }
}
