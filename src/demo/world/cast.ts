import { customerId, memberId, planId } from '../../core/ids.ts'
import type { CustomerId, LimitId, MemberId, PlanId } from '../../core/ids.ts'

/** Who lives in the demo world. All of them are invented. */
export type DemoPerson = {
  readonly memberId: MemberId
  readonly name: string
  readonly planId: PlanId
  /** Requests on a usual working day. */
  readonly requestsPerDay: number
  readonly models: readonly [string, ...string[]]
  /** What the keys are called; the first is the one that is used. */
  readonly keys: readonly [string, ...string[]]
  /** Goes on to ask now and then while somebody looks. */
  readonly isLively?: boolean
  /** How full a limit of the plan is when the world is handed over, in percent. */
  readonly mark?: { readonly limitId: LimitId | string; readonly percent: number }
}

export type DemoHouse = {
  readonly customerId: CustomerId
  readonly name: string
  readonly zone: string
  /** Of its working hours, against UTC; summer time is left out. */
  readonly offsetHours: number
  readonly people: readonly DemoPerson[]
}

const opus = 'claude-opus-5-5'
const sonnet = 'claude-sonnet-5-5'
const haiku = 'claude-haiku-5-5'

const person = (
  id: string,
  name: string,
  rest: Partial<Omit<DemoPerson, 'memberId' | 'name' | 'planId'>> & { readonly plan?: string },
): DemoPerson => {
  const { plan = 'team', ...more } = rest
  const usual = { requestsPerDay: 6, models: [sonnet], keys: ['Laptop'] } as const
  return { memberId: memberId(id), name, planId: planId(plan), ...usual, ...more }
}

/** Of the company and of the others, in the order in which they came. */
export const demoHouses: readonly DemoHouse[] = [
  {
    customerId: customerId('harbor-studio'),
    name: 'Harbor Studio',
    zone: 'Europe/Lisbon',
    offsetHours: 0,
    people: [
      person('harbor-ana', 'Ana Ribeiro', {
        plan: 'pro',
        requestsPerDay: 22,
        keys: ['Laptop', 'Claude Code'],
        mark: { limitId: 'session', percent: 76 },
      }),
      person('harbor-tom', 'Tom Okafor', { isLively: true, plan: 'pro', models: [sonnet, haiku] }),
      person('harbor-bot', 'Release bot', { plan: 'pro', models: [haiku], keys: ['CI'] }),
    ],
  },
  {
    customerId: customerId('northwind-robotics'),
    name: 'Northwind Robotics',
    zone: 'Europe/Berlin',
    offsetHours: 1,
    people: [
      person('nw-lena', 'Lena Vogt', {
        isLively: true,
        requestsPerDay: 12,
        models: [opus, sonnet],
        keys: ['Workstation', 'Laptop'],
        mark: { limitId: 'session', percent: 42 },
      }),
      person('nw-jonas', 'Jonas Weber', {
        requestsPerDay: 16,
        mark: { limitId: 'week', percent: 91 },
      }),
      person('nw-mira', 'Mira Demir', {
        requestsPerDay: 18,
        models: [opus],
        mark: { limitId: 'week-opus', percent: 100 },
      }),
      person('nw-paul', 'Paul Schreiber', {
        requestsPerDay: 21,
        mark: { limitId: 'month', percent: 92 },
      }),
      person('nw-sofia', 'Sofia Marino', { mark: { limitId: 'session', percent: 100 } }),
      person('nw-david', 'David Lindqvist', { isLively: true, models: [sonnet, haiku] }),
      person('nw-hana', 'Hana Sato', { keys: ['Notebook'] }),
      person('nw-omar', 'Omar Haddad', { requestsPerDay: 4 }),
      person('nw-ruth', 'Ruth Adler', { requestsPerDay: 3, models: [haiku, sonnet] }),
      person('nw-felix', 'Felix Braun', { isLively: true, plan: 'max-5x', requestsPerDay: 10 }),
      person('nw-review', 'Review service', {
        requestsPerDay: 10,
        models: [haiku],
        keys: ['Cluster', 'Staging'],
      }),
      person('nw-intern', 'Ida Kurz (intern)', { requestsPerDay: 3 }),
    ],
  },
  {
    customerId: customerId('ines-carvalho'),
    name: 'Inês Carvalho',
    zone: 'America/Sao_Paulo',
    offsetHours: -3,
    people: [
      person('ines', 'Inês Carvalho', {
        isLively: true,
        plan: 'pro',
        requestsPerDay: 34,
        models: [sonnet, opus],
        keys: ['Laptop', 'Home server'],
        mark: { limitId: 'session', percent: 62 },
      }),
    ],
  },
  {
    customerId: customerId('quill-and-co'),
    name: 'Quill & Co',
    zone: 'America/New_York',
    offsetHours: -5,
    people: [
      person('quill-noah', 'Noah Price', {
        plan: 'pro',
        requestsPerDay: 36,
        models: [opus, sonnet],
        keys: ['Laptop'],
        mark: { limitId: 'session', percent: 104 },
      }),
      person('quill-emma', 'Emma Hughes', { isLively: true, plan: 'pro', models: [sonnet, haiku] }),
    ],
  },
]
