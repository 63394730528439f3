import type { Command } from 'commander'
import type { Named, SeatsAnswer, CustomersAnswer } from '../admin/contract/answers.ts'
import type { Settings } from '../config/settings.ts'
import { commandText } from './command-text.ts'
import type { Desk } from './desk.ts'
import { CliFailure, wrongUse } from './exit-codes.ts'
import { safeText } from './terminal.ts'

/** Whom a command is about: named by id or by name, or left out where there is only one. */
export type Who = { readonly customer?: string; readonly member?: string }
export type MemberPath = {
  readonly customerId: string
  readonly memberId: string
  readonly path: string
}
export type CustomerPath = { readonly customerId: string; readonly path: string }

export const withCustomer = (command: Command): Command =>
  command.option('--customer <id or name>', 'the customer; needed when there are several')

export const withMember = (command: Command): Command =>
  withCustomer(command).option('--member <id or name>', 'the member; needed when there are several')

/** Who stands behind the command's name, or with the option that other commands take. */
export function namedBy(
  what: 'customer' | 'member',
  argument: string | undefined,
  option: string | undefined,
): Who {
  if (argument !== undefined && option !== undefined && argument !== option) {
    throw wrongUse(
      `Two ${what}s are named: "${safeText(argument)}", and "${safeText(option)}" with --${what}.`,
      'Name one of them.',
    )
  }
  const named = argument ?? option
  return named === undefined ? {} : { [what]: named }
}

/** How it was asked for: hints go to the same installation, and name the option where there is one. */
export type Asking = {
  readonly settings: Settings
  /** It stands behind the command's name, without an option before it. */
  readonly isArgument?: boolean
}

export async function chooseMember(desk: Desk, who: Who, asking: Asking): Promise<MemberPath> {
  const named = await findMember(desk, who)
  if (named !== undefined) return named
  const { seats, hasMore } = await desk.get<SeatsAnswer>('/api/seats')
  if (hasMore) {
    throw wrongUse(
      'There are too many members to choose from.',
      'Say which one by ids: --customer <id> --member <id>',
    )
  }
  const isNamed = who.customer !== undefined || who.member !== undefined
  const within = seats.filter(
    (seat) => isMeant(seat.customer, who.customer) && (isNamed || !seat.isOfDemoWorld),
  )
  if (within.length === 0 && who.customer !== undefined) {
    const { settings } = asking
    const { customerId } = await chooseCustomer(desk, who, { settings })
    throw noneYet({ what: 'member', customerId }, settings)
  }
  const fitting = within.filter(({ member }) => isMeant(member, who.member))
  const [seat] = fitting
  if (seat === undefined || fitting.length > 1) {
    throw unclear('member', asking, {
      asked: who.member,
      isKnown: fitting.length > 0,
      choices: (fitting.length > 0 ? fitting : within).map(
        ({ customer, member }) => `${called(member)} of ${called(customer)}`,
      ),
    })
  }
  return memberPath(seat.customer.id, seat.member.id)
}

const memberPath = (customerId: string, memberId: string): MemberPath => ({
  customerId,
  memberId,
  path: `/api/customers/${customerId}/members/${memberId}`,
})

/** The member that both ids name, without asking for a list. */
async function findMember(desk: Desk, { customer, member }: Who): Promise<MemberPath | undefined> {
  if (!isId(customer) || !isId(member)) return undefined
  const path = memberPath(customer, member)
  return (await exists(desk, path.path)) ? path : undefined
}

export async function chooseCustomer(
  desk: Desk,
  { customer: asked }: Pick<Who, 'customer'>,
  asking: Asking,
): Promise<CustomerPath> {
  const path = `/api/customers/${asked}`
  if (isId(asked) && (await exists(desk, path))) return { customerId: asked, path }
  const all: Named[] = []
  for await (const { customerId, name, isOfDemoWorld } of eachCustomer(desk)) {
    if (asked !== undefined || !isOfDemoWorld) all.push({ id: customerId, name })
  }
  const fitting = all.filter((customer) => isMeant(customer, asked))
  const [customer] = fitting
  if (customer === undefined || fitting.length > 1) {
    const isKnown = fitting.length > 0
    const choices = (isKnown ? fitting : all).map(called)
    throw unclear('customer', asking, { asked, isKnown, choices })
  }
  return { customerId: customer.id, path: `/api/customers/${customer.id}` }
}

const isId = (text: string | undefined): text is string =>
  text !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(text)

async function exists(desk: Desk, path: string): Promise<boolean> {
  try {
    await desk.get(path)
    return true
  } catch (error) {
    if (error instanceof CliFailure && error.code === 'unknown_scope') return false
    throw error
  }
}

/** Every customer whose books can be read, page by page; the others are told to whom they concern. */
export async function* eachCustomer(
  desk: Desk,
  onUnreadable: (each: CustomersAnswer['unreadable'][number]) => void = () => {},
): AsyncGenerator<CustomersAnswer['customers'][number]> {
  let afterPosition: number | null = 0
  while (afterPosition !== null) {
    const page: CustomersAnswer = await desk.get<CustomersAnswer>(
      `/api/customers?rowsMax=200&afterPosition=${afterPosition}`,
    )
    yield* page.customers
    for (const each of page.unreadable) onUnreadable(each)
    afterPosition = page.afterPosition
  }
}

const isMeant = (named: Named, asked: string | undefined): boolean =>
  asked === undefined || named.id === asked || named.name === asked

const called = ({ id, name }: Named): string =>
  name === null || name === id ? id : `${id} (${safeText(name)})`

const choicesShownMax = 20

function unclear(
  what: 'customer' | 'member',
  { settings, isArgument = false }: Asking,
  found: {
    readonly asked: string | undefined
    /** What was asked for fits several. */
    readonly isKnown: boolean
    readonly choices: readonly string[]
  },
): CliFailure {
  const { asked, choices, isKnown } = found
  const [first] = choices
  if (first === undefined) return noneYet({ what }, settings)
  const shown = choices.slice(0, choicesShownMax).map((choice) => `  ${choice}`)
  if (choices.length > shown.length) shown.push(`  and ${choices.length - shown.length} more`)
  const option = isArgument ? '' : `--${what} `
  const problem =
    asked === undefined
      ? `There are several ${what}s, so say which one${isArgument ? '' : ` with --${what}`}:`
      : isKnown
        ? `There are several ${what}s called "${safeText(asked)}":`
        : `There is no ${what} "${safeText(asked)}". There are:`
  const id = first.split(' ')[0] ?? ''
  return wrongUse([problem, ...shown].join('\n'), `Use the id, for example ${option}${id}`)
}

function noneYet(
  none: { readonly what: 'customer' | 'member'; readonly customerId?: string },
  settings: Settings,
): CliFailure {
  const { what, customerId } = none
  if (what === 'customer') {
    const make = commandText(settings, 'customer open "Acme"')
    return wrongUse('There is no customer yet.', `Make one: ${make}`)
  }
  const whose = customerId === undefined ? '' : ` --customer ${customerId}`
  return wrongUse(
    customerId === undefined
      ? 'There is no member yet.'
      : `Customer ${customerId} has no member yet.`,
    `Make one: ${commandText(settings, `member seat "Ada" --plan pro${whose}`)}`,
  )
}
