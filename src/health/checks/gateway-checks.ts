import { agoText, bad, fine, sizeText, warning, type Check, type Finding } from '../check.ts'
import type { TrafficFacts } from '../server-facts.ts'

/** Checks of the traffic: the upstream and the operator's account there, and how hard callers press. */
export const gatewayChecks: readonly Check<TrafficFacts>[] = [
  { id: 'upstream-account', look: lookAtAccount },
  { id: 'upstream-keys', look: lookAtKeys },
  { id: 'upstream-places', look: lookAtPlaces },
  { id: 'connections', look: lookAtConnections },
  { id: 'bodies', look: lookAtBodies },
  { id: 'late-ends', look: lookAtLateEnds },
]

function lookAtAccount({ upstream }: TrafficFacts): Finding {
  const { lastAccountFailure, isAccountTroubled, accountFailureCount } = upstream
  if (lastAccountFailure === null)
    return fine('The upstream has said nothing against your account.')
  if (!isAccountTroubled) {
    return fine(
      `The upstream takes your account again, after ${accountFailureCount} answers against it.`,
    )
  }
  const { kind, keyPlace, status } = lastAccountFailure
  return bad({
    found: `The upstream refuses your account: ${kind} (HTTP ${status}, key ${keyPlace}).`,
    meaning: 'Members get 503 upstream_account; nothing is charged to them.',
    say: 'Pay the bill, raise the quota or give another key (upstreamKey); the log has the words of the upstream. It ends with the first good answer.',
    run: null,
  })
}

function lookAtKeys({ upstream }: TrafficFacts): Finding {
  const pausing = upstream.keys.filter(({ isPausing }) => isPausing)
  const all = upstream.keys.length
  if (pausing.length === 0) return fine('No upstream key pauses.')
  const told = pausing.map(({ place, why }) => `key ${place} (${why ?? 'paused'})`).join(', ')
  const trouble = {
    found: `${pausing.length} of ${all} upstream keys pause: ${told}.`,
    meaning: pausing.length === all ? 'No request gets through now.' : 'The others carry the load.',
    say: 'They are tried again by themselves; see what the log says of them, and replace those that stay refused (upstreamKey).',
    run: null,
  }
  return pausing.length === all ? bad(trouble) : warning(trouble)
}

function lookAtPlaces({ upstream }: TrafficFacts): Finding {
  const { running, waiting, max } = upstream.connections
  const found = `${running} of ${max} places at the upstream are taken; ${waiting} requests wait for one.`
  if (waiting === 0) return fine(found)
  return warning({
    found,
    meaning: 'Requests wait up to 5 seconds and then get 503 upstream_busy.',
    say: 'If the upstream allows more, raise upstreamConnectionsMax and start again.',
    run: null,
  })
}

const nearlyFull = 0.8

function lookAtConnections({ pressure }: TrafficFacts): Finding {
  const { open, max, gaveWayCount } = pressure.connections
  const refused = Object.values(pressure.refusals).reduce((sum, count) => sum + count, 0)
  const found = `${open} of ${max} connections are open; ${refused} requests were turned away undecided within two minutes.`
  if (open < max * nearlyFull) return fine(found)
  return warning({
    found: `${found} ${gaveWayCount} idle connections had to give way since the start.`,
    meaning: 'When all are taken, newcomers are turned away.',
    say: 'See who holds them (the log has addresses); a flood belongs behind a firewall or a proxy.',
    run: 'ss -Htn state established | sort | uniq -c | sort -rn | head',
  })
}

function lookAtBodies({ pressure }: TrafficFacts): Finding {
  const { takenBytes, bytesMax } = pressure.bodyRoom
  const found = `Bodies of running requests take ${sizeText(takenBytes)} of ${sizeText(bytesMax)}.`
  if (takenBytes < bytesMax * nearlyFull) return fine(found)
  return warning({
    found,
    meaning: 'When the room is full, further requests get 503 and are asked to come again.',
    say: 'Large prompts of many at once: give the process more memory, or lower bodyBytesMax (docs/settings.md).',
    run: null,
  })
}

function lookAtLateEnds({ pressure }: TrafficFacts): Finding {
  const { count, oldestMs } = pressure.lateEnds
  if (count === 0) return fine('Every reply that was delivered is in the journal.')
  const replies =
    count === 1 ? '1 reply that was delivered is' : `${count} replies that were delivered are`
  return warning({
    found: `${replies} not in the journal yet; the first has waited for ${agoText(oldestMs)}.`,
    meaning:
      'They are charged once the journal can be written and their customers are out of quarantine, within a day. A server that is killed before that forgets them, and they are your loss.',
    say: 'See to what the checks “journal” and “storage” name, before anything ends this server.',
    run: null,
  })
}
