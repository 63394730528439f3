import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakARule } from './break-a-rule.ts'
import { chromiumLeftOut } from './available.ts'
import { openAsOperator } from './console-operator.ts'
import { openConsoleWorld, sees } from './console-world.ts'

test(
  'operator, owner and member are told of a quarantine in place of what would pay, and of its end',
  { skip: chromiumLeftOut() },
  async (t) => {
    const world = await openConsoleWorld(t)
    const { parts, seat } = world.admin.world
    await breakARule(parts, seat.customerId)
    assert.equal((await world.admin.ask()).status, 503)

    const member = await world.openAsMember('#/usage')
    await sees(
      member,
      /Every request of this account is answered "limits unavailable", and costs nothing/,
    )
    assert.equal(await member.getByText(/The plan pays/).count(), 0)
    const owner = await world.openAs(
      { role: 'owner', customerId: seat.customerId },
      `#/customers/${seat.customerId}`,
    )
    await sees(owner, 'This customer is in quarantine.')
    await sees(owner, /Tell the operator\./)
    const operator = await openAsOperator(world, '#/customers')
    const row = operator.getByRole('row', { name: /acme/ })
    await row.getByText('In quarantine').waitFor()
    await row.getByRole('link').or(row).first().click()
    await sees(operator, 'This customer is in quarantine.')
    await operator.getByText('npm run plimsoll -- verify').waitFor()
    await operator.getByRole('button', { name: 'ada' }).click()
    await operator.getByRole('heading', { name: 'Exceptions' }).waitFor()
    await operator.getByText('npm run plimsoll -- verify').waitFor()

    await parts.storage.verify({ isHealing: false, actor: 'test' })
    await operator.reload()
    await sees(operator, /% used/)
    await operator.getByText('This customer is in quarantine.').waitFor({ state: 'detached' })
    assert.equal((await world.admin.ask()).status, 200)
  },
)
