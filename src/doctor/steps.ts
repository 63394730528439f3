import { formatMoney } from '../core/money.ts'
import { moneyNames, type Figure, type Refusal } from './verdict/evidence.ts'
import { apiBillingUrl, statusPageUrl, usagePageOf, usagePageUrl } from './links.ts'
import { otherService, type OtherService } from './other-service.ts'
import type { Verdict } from './verdict/verdict.ts'

/** What to do next, in this order, and how to tell that it worked. */
export type Step = {
  readonly action: string
  /** To paste into a terminal, or a page to open. */
  readonly command?: string
  readonly url?: string
  readonly sign: string
  readonly warning?: string
}

export type StepsFor = {
  readonly verdict: Verdict
  readonly refusal: Refusal | undefined
  readonly figures: readonly Figure[]
  /** An answer came since, so the trouble seems over. */
  readonly isAnswered: boolean
  /** Where this machine's client sends its requests, when that was set. */
  readonly baseUrl: string | undefined
  /** How this program is called. */
  readonly program: string
}

const passes = 'The next prompt is answered.'
const spends = 'From then on requests beyond the plan cost money, up to your cap and balance.'

export function stepsFor(wanted: StepsFor): readonly Step[] {
  const { verdict, isAnswered } = wanted
  if (isAnswered || verdict.ruling === 'no_refusal') return []
  if (verdict.limit?.isOver === true && verdict.ruling === 'true_limit') {
    return [{ action: 'Send the prompt again: the limit has reset since.', sign: passes }]
  }
  if (verdict.decisionId !== undefined) return gatewaySteps(wanted, verdict.decisionId)
  const service = otherService(wanted.refusal, wanted.baseUrl)
  const steps = byCode[verdict.ruling](wanted)
  return service === undefined ? steps : askedThere(steps, service)
}

/** Where a gateway refused, the vendor's pages show and change nothing of it. */
function askedThere(steps: readonly Step[], { name }: OtherService): readonly Step[] {
  const isThere = ({ url }: Step): boolean => url === usagePageUrl || url === apiBillingUrl
  const ask: Step = {
    action: `Ask whoever runs ${name} for more: its limits and extra usage are set there, and a page of the vendor counts only if it just passes requests on.`,
    sign: passes,
  }
  const first = steps.findIndex((step) => isThere(step) && step.command === undefined)
  return steps.flatMap((step, index) => {
    if (!isThere(step)) return step
    if (step.command === undefined) return index === first ? ask : []
    const { command, sign } = step
    const action = `Read your figures where ${name} shows them (or type /usage in the client) and tell them:`
    return { action, command, sign }
  })
}

type Make = (wanted: StepsFor) => readonly Step[]

const page = ({ refusal, baseUrl }: StepsFor): string => usagePageOf(refusal?.text ?? '', baseUrl)

const sendAgain: Make = () => [
  { action: 'Send the prompt once more; a reset may have come since.', sign: passes },
]

const toggle: Make = (wanted) => [
  {
    action: 'Note the balance and what is spent. What you told the doctor is noted already.',
    url: page(wanted),
    sign: 'You have the numbers, with the time.',
  },
  {
    action: 'Switch extra usage off, save; switch it on, check the balance and the cap, save.',
    url: page(wanted),
    sign: passes,
    warning:
      'Users report that this works; the vendor has not confirmed it. Some report a charge after switching on, so compare before and after.',
  },
  {
    action: 'Compare: put in what the page says now, in place of what it said before.',
    command: `${wanted.program} doctor --after ${moneyOptions(wanted)}`,
    sign: 'Nothing was charged that you did not expect.',
  },
]

/** The amounts as they were told, in the way in which they are typed. */
function moneyOptions({ figures }: StepsFor): string {
  const typed = moneyNames.flatMap((name) => {
    const figure = figures.findLast((each) => each.name === name)
    if (figure === undefined || !('amountNanos' in figure)) return []
    const { amountNanos, symbol } = figure
    if (amountNanos === undefined) return `--${name} unlimited`
    const amount = formatMoney(amountNanos, '').replace(/\.00$/, '')
    if (symbol === '$') return `--${name} ${amount}`
    return /^[\p{Sc}\p{L}]{1,5}$/u.test(symbol) ? `--${name} '${symbol}${amount}'` : []
  })
  return typed.length === 0 ? '--balance 100 --cap 50 --spent 0' : typed.join(' ')
}

const newSession: Make = ({ refusal }) => [
  {
    action:
      'Start the session anew, in the project’s folder, and give it the last prompt again; changes on the page reach new sessions.',
    command:
      refusal?.sessionId === undefined
        ? 'claude'
        : `claude --resume ${sessionIn(refusal.sessionId)}`,
    sign: passes,
  },
  ...restartEditor(refusal),
]

/** A session's id is a UUID; anything else does not go into a command. */
const sessionIn = (id: string): string => (/^[\w-]{1,64}$/.test(id) ? id : '')

function restartEditor(refusal: Refusal | undefined): readonly Step[] {
  const editor = refusal?.entrypoint ?? ''
  if (/vscode/i.test(editor)) {
    const action =
      'Restart the editor’s side: Command Palette, “Developer: Reload Window” (the same in Cursor and Windsurf).'
    return [{ action, sign: passes }]
  }
  if (/jetbrains|intellij/i.test(editor)) {
    return [
      { action: 'Restart the editor: File, “Invalidate Caches…”, “Just Restart”.', sign: passes },
    ]
  }
  if (/desktop/i.test(editor)) {
    return [
      { action: 'Quit the desktop app wholly, also from the tray, and start it.', sign: passes },
    ]
  }
  return []
}

const signInAgain: Make = () => [
  {
    action: 'Sign out and in again: /logout, then /login, in the client.',
    sign: 'The client shows your plan’s name when it starts.',
  },
]

const report: Make = ({ program }) => [
  {
    action: 'If none of that helps, send support a report; it has what they ask for.',
    command: `${program} doctor --report`,
    sign: 'Support answers to the request id that it names.',
  },
]

const askForFigures: Make = (wanted) => [
  {
    action:
      'Read your figures on the usage page (or type /usage in the client) and tell them; later than half an hour after the refusal also when the session resets (--session-resets 3h20m):',
    url: page(wanted),
    command: `${wanted.program} doctor --session 0 --week 12 --balance 100 --cap 50 --spent 0`,
    sign: 'The verdict is then “true” or “false”, and no longer “possibly”.',
  },
]

const waitForReset: Make = ({ verdict, program }) => {
  const { limit } = verdict
  if (limit?.resetsAtMs === undefined) {
    const action = 'See when the limit resets: type /usage in the client.'
    return [{ action, sign: 'It shows the time.' }]
  }
  return [
    {
      action: 'Wait until the reset; this tells you when it is over.',
      command: `${program} wait`,
      sign: passes,
    },
  ]
}

/** A limit of one model leaves the others alone; one of the whole plan does not. */
const otherModel: Make = ({ verdict }) => {
  const window = verdict.limit?.window
  if (window === 'session' || window === 'week') return []
  const action =
    'Or go on with another model, if the limit is only of this one: /model in the client.'
  return [{ action, sign: passes }]
}

const byCode: Readonly<Record<Verdict['ruling'], Make>> = {
  no_refusal: () => [],
  false_refusal: (wanted) =>
    [sendAgain, toggle, newSession, signInAgain, report].flatMap((make) => make(wanted)),
  possibly_false: (wanted) => [
    ...askForFigures(wanted),
    ...sendAgain(wanted),
    {
      action: 'If the figures show that you have room: switch extra usage off, save, on, save.',
      url: page(wanted),
      sign: passes,
      warning: `Only then. If your limits are used up, switching on spends money. ${spends}`,
    },
    ...report(wanted),
  ],
  true_limit: (wanted) => [
    ...waitForReset(wanted),
    ...otherModel(wanted),
    {
      action: 'Or pay for more: switch extra usage on, with a balance and a cap that you choose.',
      url: page(wanted),
      sign: passes,
      warning: `This spends money. ${spends}`,
    },
  ],
  out_of_balance: (wanted) => {
    const isApi = /credit balance is too low/i.test(wanted.refusal?.text ?? '')
    const url = isApi ? apiBillingUrl : page(wanted)
    return [
      {
        action:
          'Look at the balance: it is the money that is there. The cap is only how much of it may go.',
        url,
        sign: 'It is above zero.',
      },
      { action: 'Add to the balance.', url, sign: passes, warning: 'This spends money.' },
      ...(isApi ? signInAgain(wanted) : waitForReset(wanted)),
    ]
  },
  cap_reached: (wanted) => [
    {
      action: 'Raise the monthly cap, or wait until it starts anew.',
      url: page(wanted),
      sign: passes,
      warning: `This allows more spending. ${spends}`,
    },
    ...waitForReset(wanted),
  ],
  extra_usage_off: (wanted) => [
    ...waitForReset(wanted),
    {
      action: 'Or switch extra usage on; check the balance and the cap before you save.',
      url: page(wanted),
      sign: passes,
      warning: `This spends money. ${spends}`,
    },
    ...newSession(wanted),
  ],
  long_context: () => [
    {
      action: 'Choose the model without [1m]: /model in the client.',
      command: 'CLAUDE_CODE_DISABLE_1M_CONTEXT=1 claude',
      sign: passes,
    },
    {
      action:
        'Or give the account what the long context asks for: extra usage on, with any balance above zero. It counts in a new session.',
      url: 'https://claude.ai/settings/usage',
      sign: 'A new session with the [1m] model answers.',
      warning: 'Long context is then paid for.',
    },
  ],
  request_or_client: (wanted) => [
    {
      action: 'Update the client.',
      command: 'claude update',
      sign: 'claude --version shows a newer one.',
    },
    {
      action:
        'Try without what was added: an appended system prompt, extra tools (MCP), another agent on the same sign-in.',
      command: 'claude --strict-mcp-config',
      sign: 'If it is answered, what was left out is the cause.',
    },
    {
      action:
        'Read the message once more: it names the model, the size or the field it objects to.',
      sign: 'What it names is gone.',
    },
    ...report(wanted),
  ],
  organisation: (wanted) => [
    {
      action:
        'Ask the administrator of your organisation: which models and how much extra usage your seat may have.',
      sign: passes,
    },
    ...report(wanted),
  ],
  burst: () => [
    { action: 'Wait a minute or two, and run fewer sessions and agents at once.', sign: passes },
    {
      action: 'If it goes on for an hour, look at the status page.',
      url: statusPageUrl,
      sign: 'It names an incident, or not.',
    },
  ],
  server_trouble: () => [
    {
      action: 'Wait some minutes and send the prompt again. Nothing of yours is used up.',
      sign: passes,
    },
    {
      action: 'Look at the status page.',
      url: statusPageUrl,
      sign: 'It names an incident, or not.',
    },
    { action: 'Try another model: /model in the client.', sign: passes },
  ],
  sign_in: (wanted) => [
    ...signInAgain(wanted),
    {
      action:
        'See whether a key of the environment stands in the way (ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN).',
      command: '/status',
      sign: 'The client names the account that you mean.',
    },
  ],
  connection: () => [
    {
      action: 'Check the network, a proxy or VPN, and ANTHROPIC_BASE_URL where it is set.',
      sign: 'claude.ai opens in a browser.',
    },
    { action: 'Send the prompt again.', sign: passes },
    {
      action: 'Look at the status page.',
      url: statusPageUrl,
      sign: 'It names an incident, or not.',
    },
  ],
  unknown: (wanted) => [...sendAgain(wanted), ...newSession(wanted), ...report(wanted)],
}

const gatewaySteps = (wanted: StepsFor, decisionId: string): readonly Step[] => {
  const { program, verdict, refusal } = wanted
  const prove: Step = {
    action: 'Have the refusal proved from the gateway’s ledger.',
    command: `${program} explain ${decisionId}`,
    sign: 'It shows every number that was looked at.',
  }
  if (verdict.ruling === 'burst') {
    return [{ action: 'Try again shortly; nothing is used up.', sign: passes }, prove]
  }
  const goOn = /To go on: ([^\n]*?)(?:\. What is left|\n|$)/.exec(refusal?.text ?? '')?.[1]
  const action = goOn === undefined ? 'Ask your operator.' : `To go on: ${goOn}.`
  return [
    prove,
    { action, sign: passes, ...(/extra usage/.test(action) ? { warning: spends } : {}) },
    ...(verdict.ruling === 'true_limit' ? waitForReset(wanted) : []),
  ]
}
