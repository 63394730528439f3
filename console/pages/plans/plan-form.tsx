import { useState } from 'react'
import { plural } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/fields.tsx'
import { Note } from '../../ui/states.tsx'
import { useSession } from '../../data/session.ts'
import { GrantFields } from './grant-fields.tsx'
import { LimitFields } from './limit-fields.tsx'
import {
  asNumber,
  freeName,
  listOf,
  problemAt,
  readPlans,
  textOf,
  withField,
  withList,
  writePlans,
  type Problems,
  type WrittenPlan,
} from './written-plans.ts'

/** The plans as fields. Each change is written into the text at once, which is the one thing that is published. */
export function PlanForm(props: {
  readonly text: string
  readonly problems: Problems
  readonly onChange: (text: string) => void
}) {
  const { text, problems, onChange } = props
  const written = readPlans(text)
  if (written === null) {
    return (
      <Note tone="bad" title="The text cannot be shown as a form.">
        <p>It is not JSON, or not the shape of a plans file: put it right on the JSON side.</p>
      </Note>
    )
  }
  const { plans } = written
  const change = (index: number, next: WrittenPlan | null): void =>
    onChange(
      writePlans(
        written,
        plans.flatMap((plan, at) => (at !== index ? [plan] : next === null ? [] : [next])),
      ),
    )
  const add = (): void => {
    const id = freeName(
      'plan',
      plans.map((plan) => plan.id),
    )
    const fields = { name: 'New plan', limits: {} }
    onChange(writePlans(written, [...plans, { id, fields }]))
  }
  return (
    <div className="plan-form">
      {plans.map((plan, index) => (
        <PlanFields
          // The id can be edited, and a field that changes its key loses the focus.
          // oxlint-disable-next-line react/no-array-index-key -- the place is what stays
          key={index}
          plan={plan}
          problems={problems}
          onChange={(next) => change(index, next)}
        />
      ))}
      <div>
        <Button onPress={add}>Add a plan</Button>
      </div>
    </div>
  )
}

function PlanFields(props: {
  readonly plan: WrittenPlan
  readonly problems: Problems
  readonly onChange: (plan: WrittenPlan | null) => void
}) {
  const { plan, problems, onChange } = props
  const { currencySymbol } = useSession()
  const { id, fields } = plan
  const place = `plans.${id}`
  const [isOpen, setOpen] = useState(false)
  const mistakes = problems.filter(
    ({ path }) => path === place || path.startsWith(`${place}.`),
  ).length
  const set = (name: string, value: unknown): void =>
    onChange({ id, fields: withField(fields, name, value) })
  const field = (name: string, label: string) => ({
    label,
    value: textOf(fields[name]),
    problem: problemAt(problems, `${place}.${name}`),
  })
  return (
    <details
      className="plan-fields"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        {textOf(fields['name']) || id}
        {mistakes === 0 ? null : <Badge tone="bad">{plural(mistakes, 'mistake')}</Badge>}
      </summary>
      <div className="field-row">
        <TextField {...field('name', 'Name')} onChange={(value) => set('name', value)} />
        <TextField
          label="Id"
          isMono
          value={id}
          problem={problemAt(problems, place)}
          onChange={(value) => onChange({ id: value, fields })}
        />
        <TextField
          {...field('price', 'Price of a month')}
          prefix={currencySymbol}
          inputMode="decimal"
          onChange={(value) => set('price', value)}
        />
        <TextField
          {...field('runningMax', 'Requests at once')}
          inputMode="numeric"
          onChange={(value) => set('runningMax', asNumber(value))}
        />
        <TextField
          {...field('outputTokensExpected', 'Output tokens expected')}
          inputMode="numeric"
          onChange={(value) => set('outputTokensExpected', asNumber(value))}
        />
      </div>
      {fields['base'] === undefined ? null : (
        <p className="soft small">
          It takes what it does not say itself from plan <code>{textOf(fields['base'])}</code>; that
          is changed on the JSON side.
        </p>
      )}
      <LimitFields
        place={`${place}.limits`}
        limits={listOf(fields, 'limits')}
        problems={problems}
        onChange={(list) => onChange({ id, fields: withList(fields, 'limits', list) })}
      />
      <GrantFields
        place={`${place}.grants`}
        grants={listOf(fields, 'grants')}
        problems={problems}
        onChange={(list) => onChange({ id, fields: withList(fields, 'grants', list) })}
      />
      <div className="row">
        <Button size="small" kind="quiet" onPress={() => onChange(null)}>
          Leave this plan out of the text
        </Button>
      </div>
    </details>
  )
}
