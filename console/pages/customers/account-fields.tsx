import { TextField } from '../../ui/fields.tsx'

/** What a customer or a member is opened with: a name for people, and an id for the journal. */
export const AccountNameField = (props: {
  readonly name: string
  readonly onName: (name: string) => void
}) => (
  <TextField
    label="Name"
    value={props.name}
    onChange={props.onName}
    lengthMax={100}
    hasFirstFocus
    isRequired
  />
)

export const AccountIdField = (props: {
  readonly id: string
  readonly onId: (id: string) => void
}) => (
  <TextField
    label="Id"
    value={props.id}
    onChange={props.onId}
    isMono
    lengthMax={64}
    hint="For commands and the journal; it cannot be changed later. Left empty, one is made."
    problem={isIdFine(props.id) ? null : 'Use letters, digits, dots, dashes or underscores.'}
  />
)

export const isIdFine = (id: string): boolean => id === '' || /^[A-Za-z0-9_.-]{1,64}$/.test(id)
