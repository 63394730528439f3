import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { Select, TextField } from '../../ui/fields.tsx'
import { freeName, problemAt, textOf, type NamedFields, type Problems } from './written-plans.ts'

type Every = 'once' | 'month'

/** Credit that comes with a seat. */
export function GrantFields(props: {
  readonly place: string
  readonly grants: readonly NamedFields[]
  readonly problems: Problems
  readonly onChange: (grants: readonly NamedFields[]) => void
}) {
  const { place, grants, problems, onChange } = props
  const { currencySymbol } = useSession()
  const change = (index: number, next: NamedFields | null): void =>
    onChange(grants.flatMap((one, at) => (at !== index ? [one] : next === null ? [] : [next])))
  const add = (): void => {
    const id = freeName(
      'credit',
      grants.map((grant) => grant.id),
    )
    onChange([...grants, { id, fields: { amount: '5.00', every: 'month' } }])
  }
  return (
    <>
      {grants.map(({ id, fields }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the place is what stays
        <div className="limit-row" role="group" aria-label={`Included credit ${id}`} key={index}>
          <div className="field-row">
            <TextField
              label="Included credit"
              isMono
              value={id}
              problem={problemAt(problems, `${place}.${id}`)}
              onChange={(value) => change(index, { id: value, fields })}
            />
            <TextField
              label="Amount"
              prefix={currencySymbol}
              inputMode="decimal"
              value={textOf(fields['amount'])}
              problem={problemAt(problems, `${place}.${id}.amount`)}
              onChange={(amount) => change(index, { id, fields: { ...fields, amount } })}
            />
            <Select<Every>
              label="Given"
              value={fields['every'] === 'once' ? 'once' : 'month'}
              onChange={(every) => change(index, { id, fields: { ...fields, every } })}
              options={[
                { value: 'month', label: 'Every month' },
                { value: 'once', label: 'Once' },
              ]}
            />
          </div>
          <div>
            <Button
              size="small"
              kind="quiet"
              label={`Remove the included credit ${id}`}
              onPress={() => change(index, null)}
            >
              Remove
            </Button>
          </div>
        </div>
      ))}
      <div>
        <Button size="small" onPress={add}>
          Add included credit
        </Button>
      </div>
    </>
  )
}
