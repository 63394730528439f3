import { isLoopback } from '../../config/loopback.ts'
import { bad, fine, warning, type Check, type Finding } from '../check.ts'
import type { ServerFacts } from '../server-facts.ts'

/** Checks of what the operator chose: addresses, keys, plans, prices, and settings that contradict each other. */
export const settingChecks: readonly Check<ServerFacts>[] = [
  { id: 'demo-key', look: lookAtDemoKey },
  { id: 'admin-address', look: lookAtAdminAddress },
  { id: 'page-address', look: lookAtPageAddress },
  { id: 'upstream-key', look: lookAtUpstreamKey },
  { id: 'plans-file', look: lookAtPlansFile },
  { id: 'prices', look: lookAtPrices },
  { id: 'settings', look: lookAtSettings },
  { id: 'time-zone', look: lookAtTimeZone },
]

function lookAtDemoKey({ demoKeyId, settings }: ServerFacts): Finding {
  if (demoKeyId === null) return fine('There is no demo key.')
  if (isLoopback(settings.gatewayHost) && isLoopback(settings.adminHost)) {
    return fine('The demo key works, and only this machine reaches the gateway.')
  }
  return bad({
    found: 'The demo key works, and other machines reach the gateway.',
    meaning:
      'The key stands in the first lines of every start; whoever reads them uses your upstream.',
    say: 'Revoke it:',
    run: `plimsoll key revoke ${demoKeyId}`,
  })
}

function lookAtAdminAddress({ settings }: ServerFacts): Finding {
  const { adminHost, publicPageUrl } = settings
  if (isLoopback(adminHost)) return fine('Only this machine reaches the admin port.')
  if (publicPageUrl?.startsWith('https:') === true) {
    return fine(
      `The admin port listens on ${adminHost}; members reach the page by ${publicPageUrl}.`,
    )
  }
  return warning({
    found: `The admin port listens on ${adminHost}, without encryption.`,
    meaning: 'The operator token and the keys of members can be read on the way.',
    say: 'Let it listen on 127.0.0.1, or put a proxy with TLS before it and name its address with --public-page-url https://…',
    run: null,
  })
}

function lookAtPageAddress({ settings, adminUrl }: ServerFacts): Finding {
  const { gatewayHost, publicPageUrl } = settings
  if (publicPageUrl !== null) return fine(`Refusals link to ${publicPageUrl}.`)
  if (isLoopback(gatewayHost))
    return fine(`Refusals link to ${adminUrl}, for people on this machine.`)
  return warning({
    found: `Other machines reach the gateway, and refusals link to ${adminUrl}.`,
    meaning: 'People elsewhere cannot follow the link of a refusal.',
    say: 'Name the address of the page as members reach it: --public-page-url https://…',
    run: null,
  })
}

function lookAtUpstreamKey({ settings }: ServerFacts): Finding {
  if (settings.upstreamKey !== null) return fine('A key for the upstream is set.')
  if (settings.upstreamUrl === null)
    return fine('The built-in demo upstream answers; it needs no key.')
  return warning({
    found: `No key is set for the upstream ${settings.upstreamUrl}.`,
    meaning: 'If it wants one, every request ends with 503 upstream_account.',
    say: 'Set PLIMSOLL_UPSTREAM_KEY, or PLIMSOLL_UPSTREAM_KEY_FILE with the path of a file that holds it.',
    run: null,
  })
}

function lookAtPlansFile({ plansFile }: ServerFacts): Finding {
  if (plansFile.kind === 'none') return fine('No plans file is set.')
  if (plansFile.kind === 'unreadable') {
    return bad({
      found: `The plans file cannot be used: ${plansFile.problem}`,
      meaning: 'The plans in force are kept; the next start will fail.',
      say: 'Correct the file (docs/plans.md).',
      run: null,
    })
  }
  const { path, differing } = plansFile
  if (differing.length === 0) return fine('The plans in force are those of the plans file.')
  return warning({
    found: `The plans file and the plans in force differ: ${differing.join(', ')}.`,
    meaning: 'Members are held to the plans in force; the next start publishes the file.',
    say: 'Publish the file, or correct it:',
    run: `plimsoll plans apply ${path}`,
  })
}

function lookAtPrices({ unpriced, settings }: ServerFacts): Finding {
  if (unpriced.length === 0) return fine('Every model that was asked for has a price.')
  const names = unpriced.slice(0, 5).join(', ')
  return warning({
    found: `Models without a price were asked for since the start: ${names}.`,
    meaning: 'Those requests were refused (model_unpriced).',
    say: 'If they are meant to work, give them a price in a prices file (docs/prices.md), and start with it: --prices-file',
    run: settings.pricesFile === null ? null : 'plimsoll prices',
  })
}

function lookAtSettings({ settings }: ServerFacts): Finding {
  const found: string[] = []
  const { upstreamWaitMaxMs, upstreamSilenceMaxMs, holdMaxMs, denialStatus, drainMs } = settings
  if (upstreamWaitMaxMs > holdMaxMs) found.push('upstreamWaitMaxMs is longer than holdMaxMs')
  if (upstreamSilenceMaxMs > holdMaxMs) found.push('upstreamSilenceMaxMs is longer than holdMaxMs')
  if (settings.waitMaxMs > drainMs) found.push('waitMaxMs is longer than drainMs')
  if (denialStatus === 400)
    found.push('denialStatus 400 makes some clients repeat each refusal six times')
  if (found.length === 0) return fine('No settings contradict each other.')
  return warning({
    found: `${found.join('; ')}.`,
    meaning: 'The shorter time ends requests first, so the longer one never counts.',
    say: 'Change one of the two (docs/settings.md) and start again.',
    run: null,
  })
}

function lookAtTimeZone({ settings }: ServerFacts): Finding {
  return fine(`Times are shown for ${settings.timeZone}; limits keep the zones of their plans.`)
}
