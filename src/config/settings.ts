import {
  money,
  onOff,
  oneOf,
  optionalPath,
  optionalUrl,
  path,
  pathOrOutput,
  port,
  secret,
  secretList,
  text,
  timeZone,
  wholeNumber,
  type Declaration,
} from './setting-kinds.ts'

/**
 * Every setting, declared once. A setting `gatewayPort` is `--gateway-port` on the command line,
 * `PLIMSOLL_GATEWAY_PORT` in the environment and `"gatewayPort"` in a settings file; the first of them
 * that says something wins, and the default stands last. `docs/settings.md` is written from this list.
 */
export const declarations = {
  config: optionalPath(
    'A JSON file with settings; not allowed inside such a file.',
    '`plimsoll.json` in the data folder, if it is there',
  ),
  dataFolder: path(
    'data',
    'The folder of the journal, the operator token and everything else kept.',
  ),

  gatewayHost: text('127.0.0.1', 'The address on which the gateway answers LLM clients.'),
  gatewayPort: port(4180, 'The port of the gateway; 0 takes a free one.'),
  adminHost: text('127.0.0.1', 'The address on which the admin API and the pages answer.'),
  adminPort: port(4181, 'The port of the admin API and the pages; 0 takes a free one.'),
  publicPageUrl: optionalUrl(
    'The address of the page as members reach it; refusals link to it.',
    'where the admin port listens',
  ),
  sessionIdleMs: wholeNumber(
    43_200_000,
    { min: 60_000, max: 2_592_000_000 },
    'How long somebody who is signed in at the console may stay away; after 30 days everybody signs in again.',
  ),
  ownerSeatsMax: wholeNumber(
    1_000,
    { min: 0, max: 1_000_000 },
    'How many members a customer has until its owners seat no more; the operator always may.',
  ),
  adminUrl: optionalUrl(
    'Where the command line reaches the admin API.',
    'the address that the running server wrote into the data folder',
  ),
  operatorToken: secret(
    'The token that the command line shows to the admin API; the server itself has no use for it.',
    {
      defaultText: 'read from `operator-token` in the data folder',
    },
  ),

  upstreamUrl: optionalUrl(
    'The LLM API that requests are forwarded to.',
    '`https://api.anthropic.com` when `upstreamKey` is set, else the built-in demo upstream',
  ),
  upstreamKey: secretList(
    'The credential that replaces the caller’s own towards the upstream. Of several, separated by commas, each stands in while those before it are refused.',
    { defaultText: 'none', environmentAlias: 'ANTHROPIC_API_KEY' },
  ),
  upstreamAuth: oneOf(
    ['api-key', 'bearer'],
    'How the upstream is shown the credential: the `x-api-key` header, or `authorization: Bearer`.',
  ),
  upstreamConnectionsMax: wholeNumber(
    1_000,
    { min: 1, max: 100_000 },
    'The most requests that are at the upstream at once; the next ones wait up to 5 seconds for a place.',
  ),
  upstreamWaitMaxMs: wholeNumber(
    600_000,
    { min: 1_000, max: 3_600_000 },
    'The longest that the upstream may take to begin its answer.',
  ),
  upstreamSilenceMaxMs: wholeNumber(
    300_000,
    { min: 1_000, max: 3_600_000 },
    'The longest silence within an answer before it counts as broken.',
  ),

  plansFile: optionalPath('A JSON file with the plans to publish at start.', 'the demo plans'),
  pricesFile: optionalPath(
    'A JSON file with prices that go before the published ones.',
    'published prices only',
  ),
  unpricedModel: oneOf(
    ['refuse', 'ceiling'],
    'What happens to a model without a price: refused, or charged the dearest known rates.',
  ),
  currencySymbol: text('$', 'The symbol before amounts of money on screens and in messages.'),
  overrunMax: money(10_000_000_000n, {
    sentence:
      'For new customers, the most that the operator may absorb in a month where costs pass what could be charged; beyond it, holds take the worst case.',
    defaultText: '10.00',
  }),
  customerRunningMax: wholeNumber(
    200,
    { min: 1, max: 1_000_000 },
    'For new customers, the most requests of all members that may run at once.',
  ),

  denialStatus: oneOf(
    [429, 400],
    'The HTTP status of a refusal; with 400 some clients repeat a refused request several times.',
  ),
  holdMaxMs: wholeNumber(
    3_600_000,
    { min: 1_000, max: 86_400_000 },
    'The longest that one request may run; then its stream is cut and what was delivered is settled.',
  ),
  bodyBytesMax: wholeNumber(
    33_554_432,
    { min: 1_024, max: 1_073_741_824 },
    'The largest request body that is taken.',
  ),
  waitMaxMs: wholeNumber(
    2_000,
    { min: 0, max: 60_000 },
    'The longest that a request waits for room that running requests keep.',
  ),
  waitersMax: wholeNumber(
    8,
    { min: 0, max: 1_000 },
    'The most requests of one member that wait so at once; one that fits and only waits its turn always may.',
  ),
  burstPerMinute: wholeNumber(
    600,
    { min: 0, max: 1_000_000 },
    'The most requests of one key in a minute, sustained; 0 sets no such guard.',
  ),
  burstSize: wholeNumber(
    120,
    { min: 1, max: 1_000_000 },
    'The most requests of one key in one burst.',
  ),

  snapshotEvery: wholeNumber(
    256,
    { min: 1, max: 1_000_000 },
    'How many journal entries of one account pass between two snapshots of its sums.',
  ),
  stopDelayMs: wholeNumber(
    0,
    { min: 0, max: 600_000 },
    'How long requests are still taken after the server is told to stop, while `/readyz` says no: time for a load balancer to look elsewhere.',
  ),
  drainMs: wholeNumber(
    30_000,
    { min: 0, max: 3_600_000 },
    'How long running requests may finish after the server is told to stop.',
  ),
  stopGraceMs: wholeNumber(
    15_000,
    { min: 1_000, max: 600_000 },
    'How long the end may take after that: last words, settles, a slow disk. A stop that takes longer is ended by force.',
  ),
  logLevel: oneOf(['info', 'debug', 'warn', 'error'], 'The least severe log line that is written.'),
  logFile: pathOrOutput(
    'The file that log lines are appended to; `-` is standard output.',
    '`plimsoll.log` in the data folder',
  ),
  timeZone: timeZone('The zone in which times are shown; limits keep the zones of their plans.'),
  isDemoPaced: onOff(
    true,
    'Whether the built-in demo upstream streams at a readable pace; `false` answers at once.',
  ),
  isDemoSeeded: onOff(
    true,
    'Whether the first start with the built-in demo upstream and its plans makes a demo world to look at; `false` begins with the demo member alone.',
  ),
  isDemoAlive: onOff(
    true,
    'Whether members of the demo world go on sending a small request now and then while somebody looks; `false` keeps it still.',
  ),
} as const satisfies Record<string, Declaration<unknown>>

export type SettingName = keyof typeof declarations

export type Settings = {
  readonly [Name in SettingName]: (typeof declarations)[Name] extends Declaration<infer Value>
    ? Value
    : never
}

export const settingNames = Object.keys(declarations) as readonly SettingName[]

/** `gatewayPort` as words: gateway, port. */
const words = (name: string): readonly string[] =>
  name.split(/(?=[A-Z])/).map((w) => w.toLowerCase())

export const flagOf = (name: SettingName): string => `--${words(name).join('-')}`
export const variableOf = (name: SettingName): string =>
  `PLIMSOLL_${words(name).join('_').toUpperCase()}`

/** Secrets can also be in files, which a variable of their own names: they then stand in no environment. */
export const secretNames: readonly SettingName[] = settingNames.filter(
  (name) => declarations[name].isSecret,
)
export const fileVariableOf = (name: SettingName): string => `${variableOf(name)}_FILE`
