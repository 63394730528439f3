import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Nanos } from '../core/money.ts'
import type { Plan } from '../core/plan.ts'
import type { DecisionSigner } from '../operations/decision-id.ts'
import type { HealthFact } from '../operations/health.ts'
import type { Parts } from '../operations/parts.ts'
import type { Readiness } from '../operations/readiness.ts'
import type { UsageReadings } from '../operations/usage-readings.ts'
import type { Logger } from '../system/logger.ts'
import type { AccountEvents } from './account-events.ts'
import type { AdminVariables } from './callers/callers.ts'
import { requireAccount, requireDesk, requireSeat } from './callers/permissions.ts'
import type { ServerFacts } from './contract/answers.ts'
import type { DeskParts } from './desk/desk-parts.ts'
import { deskRoutes } from './desk/desk-routes.ts'
import { customerRoutes } from './customers/customer-routes.ts'
import { demoRoutes } from './desk/demo-routes.ts'
import { AdminFailure, failureOf } from './failures.ts'
import { endBodyOfHead, guardAnswers, guardOrigin } from './callers/guards.ts'
import { meRoutes } from './members/me-routes.ts'
import { memberRoutes } from './members/member-routes.ts'
import type { HeavyReads } from './http/heavy-reads.ts'
import { pageRoutes } from './http/page-routes.ts'
import { planRoutes } from './plans/plan-routes.ts'
import { probeRoutes } from './http/probe-routes.ts'
import type { SignIn } from './sign-in/sign-in.ts'
import { accountRoutes } from './people/account-routes.ts'
import { peopleRoutes } from './people/people-routes.ts'
import { sessionRoutes } from './people/session-routes.ts'
import { autoReloadRoutes, standingOrderRoutes } from './customers/reload-routes.ts'
import { systemRoutes } from './desk/system-routes.ts'

/** Everything that the routes stand on. */
export type AdminApiParts = Parts & {
  readonly signer: DecisionSigner
  readonly logger: Logger
  readonly events: AccountEvents
  /** Usage by hour and day, as far as somebody looked at it. */
  readonly usageReadings: UsageReadings
  readonly heavyReads: HeavyReads
  readonly operatorTokenSha256: string
  readonly signIn: SignIn
  /** Whether a Host header names this server. */
  readonly isOwnHost: (host: string) => boolean
  readonly about: ServerFacts
  readonly adminUrl: string
  /** Where the console was built to; without it there is the API alone. */
  readonly consoleFolder?: string
  /** What a new customer gets where the command does not say. */
  readonly newCustomer: {
    readonly overrunMaxNanos: Nanos
    readonly runningMax: number
    readonly isStrict: boolean
  }
  /** How many members a customer has until only the operator seats more. */
  readonly ownerSeatsMax: number
  /** Reads a plans file; throws an error with a `code` that names every mistake. */
  readonly parsePlans: (content: string) => readonly Plan[]
  /** What only a running server has. */
  readonly running?: RunningServer
  readonly desk?: DeskParts
}

export type RunningServer = {
  readonly readiness: Readiness
  readonly health: () => Promise<readonly HealthFact[]>
  readonly noteVerify: (report: Awaited<ReturnType<Parts['storage']['verify']>>) => void
}

/** A page that somebody else brings; it answers everything at its path. */
export type Mount = {
  readonly path: string
  answer(request: Request): Response | Promise<Response>
}

/** The whole admin API and its pages as one function from request to response. */
export function createAdminApi(parts: AdminApiParts, mounts: readonly Mount[]): Hono {
  const app = new Hono()
  app.use(guardAnswers)
  app.use(endBodyOfHead)
  app.route('/', probeRoutes(parts))
  app.use(guardOrigin(parts.isOwnHost, parts.signIn.publicUrl))

  app.route('/api/session', sessionRoutes(parts))
  const account = new Hono<{ Variables: AdminVariables }>()
  account.use(requireAccount(parts))
  account.route('/', accountRoutes(parts))
  const me = new Hono<{ Variables: AdminVariables }>()
  me.use(requireSeat(parts))
  me.route('/', meRoutes(parts))
  me.all('*', (c) => c.notFound())
  // Whether an address exists is for the operator to know, too.
  const operator = new Hono<{ Variables: AdminVariables }>()
  operator.use(requireDesk(parts))
  operator.route('/customers', customerRoutes(parts))
  operator.route('/customers', memberRoutes(parts))
  operator.route('/customers', autoReloadRoutes(parts))
  operator.route('/customers', standingOrderRoutes(parts))
  operator.route('/plans', planRoutes(parts))
  operator.route('/demo-world', demoRoutes(parts))
  operator.route('/', peopleRoutes(parts))
  operator.route('/', systemRoutes(parts))
  operator.route('/', deskRoutes(parts))
  app.route('/api/account', account)
  app.route('/api/me', me)
  app.route('/api', operator)

  for (const mount of mounts) app.all(mount.path, (c) => mount.answer(c.req.raw))
  if (parts.consoleFolder !== undefined) app.route('/', pageRoutes(parts.consoleFolder))

  // A client that was given this address: to a 404 it would say that the model does not exist.
  app.all('/v1/*', (c) => {
    const failure = new AdminFailure(
      'not_the_gateway',
      `This is the address of the pages and the admin API. Clients talk to the gateway: ${parts.about.gatewayUrl}`,
    )
    return c.json({ type: 'error', ...failureOf(failure).answer }, 400)
  })
  app.notFound((c) => {
    const failure = new AdminFailure(
      'not_found',
      `There is nothing at ${c.req.method} ${c.req.path}.`,
    )
    return c.json(failureOf(failure).answer, 404)
  })
  app.onError((error, c) => {
    const { status, answer, retryAfterSeconds, isBug } = failureOf(error)
    if (retryAfterSeconds !== undefined) c.header('retry-after', String(retryAfterSeconds))
    if (isBug) {
      const { method, path } = c.req
      parts.logger.error('admin request failed', {
        method,
        path,
        problem: error.stack ?? String(error),
      })
    }
    return c.json(answer, status as ContentfulStatusCode)
  })
  return app
}
