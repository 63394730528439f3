import { Hono } from 'hono'
import type { Actor } from '../../core/entry.ts'
import { personId, type CustomerId } from '../../core/ids.ts'
import { hiddenCustomers } from '../../operations/demo-world.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { getMember } from '../../operations/list-members.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { personAnswer } from './session-answers.ts'
import { commandOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { noteAct } from '../callers/note-act.ts'
import { emptySchema, statusSchema } from '../contract/commands.ts'
import type {
  InvitedAnswer,
  LinkAnswer,
  PeopleAnswer,
  RemovedPersonAnswer,
} from '../contract/people.ts'
import { changeRoleSchema, invitePersonSchema } from '../contract/people-commands.ts'
import { AdminFailure } from '../failures.ts'
import type { Accounts, Meant } from '../sign-in/accounts.ts'
import type { ConsolePerson, Standing } from '../sign-in/person.ts'
import { customerOf } from '../customers/customer-routes.ts'
import { answer, bodyOf } from '../http/exchange.ts'
import { FirstAnswers } from '../http/first-answers.ts'

type Routes = Hono<{ Variables: AdminVariables }>

/**
 * People with an account at the console: everybody for the operator, and below a customer its own. There an owner
 * invites members and looks after them; other owners are the operator's to change.
 */
export function peopleRoutes(parts: AdminApiParts): Routes {
  const routes: Routes = new Hono()
  for (const below of ['', '/customers/:customerId'] as const) {
    addListing(routes, parts, below)
    addChanges(routes, parts, below)
  }

  routes.post('/people/:personId/role', async (c) => {
    const standing = await bodyOf(c, changeRoleSchema)
    commandOf(c)
    await checkStanding(parts, standing)
    const person = await parts.signIn.accounts.change(await meantBy(c, parts), standing)
    return answer(c, await changed(c, parts, { person, act: 'person_role_set' }))
  })

  return routes
}

function addListing(routes: Routes, parts: AdminApiParts, below: string): void {
  const { accounts } = parts.signIn
  const invited = new FirstAnswers(parts)
  const linked = new FirstAnswers(parts)

  routes.get(`${below}/people`, async (c) => {
    const customerId = await customerBelow(c, parts)
    const people = (await accounts.list()).filter(
      (person) => customerId === null || person.customerId === customerId,
    )
    const you = c.get('caller').session?.person.id
    const answers = await Promise.all(people.map((person) => personAnswer(parts, person, you)))
    return answer(c, { people: answers } satisfies PeopleAnswer)
  })

  routes.post(`${below}/people`, async (c) => {
    const asked = await bodyOf(c, invitePersonSchema)
    const command = commandOf(c)
    const customerId = await customerBelow(c, parts)
    if (customerId !== null && asked.customerId !== customerId) throw notYours()
    mayManage(c, asked)
    await checkStanding(parts, asked)
    // A repeat has the same person and the same link; where the link could not be made, it makes that alone.
    const person = await invited.once(command, asked, async () => {
      const made = await accounts.invite(asked)
      await noteInvitation(parts, { ...made, actor: command.actor })
      return personAnswer(parts, made.person, undefined)
    })
    const meant = { id: personId(person.id), mayChange: mayManageAs(c, customerId) }
    const link = await linked.once(command, asked, () => linkFor(parts, meant))
    return answer(c, { person, link } satisfies InvitedAnswer)
  })
}

function addChanges(routes: Routes, parts: AdminApiParts, below: string): void {
  const { accounts } = parts.signIn
  const one = `${below}/people/:personId`

  routes.post(`${one}/link`, async (c) => {
    await bodyOf(c, emptySchema)
    const { actor } = commandOf(c)
    const meant = await meantBy(c, parts)
    const link = await linkFor(parts, meant)
    await noteAct(parts, { actor, act: 'person_link_made', target: meant.id, details: {} })
    const person = await accounts.get(meant.id)
    return answer(c, { person: await personAnswer(parts, person, undefined), link })
  })

  routes.post(`${one}/status`, async (c) => {
    const { isActive } = await bodyOf(c, statusSchema)
    commandOf(c)
    const person = await accounts.setActive(await meantBy(c, parts), isActive)
    const act = isActive ? 'person_enabled' : 'person_disabled'
    return answer(c, await changed(c, parts, { person, act }))
  })

  // Their names go from every file, as those of customers and members do.
  routes.post(`${one}/remove`, async (c) => {
    await bodyOf(c, emptySchema)
    const { actor } = commandOf(c)
    const meant = await meantBy(c, parts)
    const { id } = meant
    const { isComplete, copies } = await accounts.remove(meant)
    parts.events.recheck()
    await noteAct(parts, { actor, act: 'person_removed', target: id, details: { isComplete } })
    return answer(c, { id, isComplete, copies } satisfies RemovedPersonAnswer)
  })
}

async function customerBelow(c: AdminContext, parts: AdminApiParts): Promise<CustomerId | null> {
  if (c.req.param('customerId') === undefined) return null
  return (await getCustomer(parts, customerOf(c))).customerId
}

/** The person that the address names, to be changed if the caller may change that one by then. */
async function meantBy(c: AdminContext, parts: AdminApiParts): Promise<Meant> {
  const id = personId(c.req.param('personId') ?? '')
  return { id, mayChange: mayManageAs(c, await customerBelow(c, parts)) }
}

const mayManageAs =
  (c: AdminContext, customerId: CustomerId | null): Meant['mayChange'] =>
  (person) => {
    if (customerId !== null && person.customerId !== customerId) {
      throw new AdminFailure('unknown_person', 'Nobody with this id has an account.')
    }
    mayManage(c, person)
  }

function mayManage(c: AdminContext, { role }: Pick<Standing, 'role'>): void {
  if (c.get('caller').kind === 'owner' && role !== 'member') throw notYours()
}

const notYours = (): AdminFailure =>
  new AdminFailure('owner_not_allowed', 'An owner looks after the members of the own customer.')

/** An account is for a customer and a member that are there. */
async function checkStanding(
  parts: AdminApiParts,
  { customerId, memberId }: Standing,
): Promise<void> {
  if (customerId === null) return
  await getCustomer(parts, customerId)
  if ((await hiddenCustomers(parts)).has(customerId)) {
    const message = `Customer "${customerId}" was removed with the demo world.`
    throw new AdminFailure('unknown_scope', message)
  }
  if (memberId !== null) await getMember(parts, { customerId, memberId })
}

/** Where the person was invited before, only the link is new. */
function noteInvitation(
  parts: AdminApiParts,
  { person, isNew, actor }: Awaited<ReturnType<Accounts['invite']>> & { readonly actor: Actor },
): Promise<void> {
  const target = person.id
  if (!isNew) return noteAct(parts, { actor, act: 'person_link_made', target, details: {} })
  const details = { role: person.role, customerId: person.customerId }
  return noteAct(parts, { actor, act: 'person_invited', target, details })
}

async function changed(
  c: AdminContext,
  parts: AdminApiParts,
  { person, act }: { readonly person: ConsolePerson; readonly act: string },
) {
  parts.events.recheck()
  const { actor, session } = c.get('caller')
  const details = { role: person.role, customerId: person.customerId, memberId: person.memberId }
  await noteAct(parts, { actor, act, target: person.id, details })
  return personAnswer(parts, person, session?.person.id)
}

async function linkFor(parts: AdminApiParts, meant: Meant): Promise<LinkAnswer> {
  const { code, expiresAtMs } = await parts.signIn.accounts.makeLink(meant)
  const base = parts.signIn.publicUrl?.href ?? parts.adminUrl
  return { code, url: `${base.replace(/\/+$/, '')}/#link=${code}`, expiresAtMs }
}
