import { useState, type FormEvent } from 'react'
import { go, useFilters } from '../../data/address.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { TextField } from '../../ui/fields.tsx'
import { FilterBox, RangeFilters, SelectFilter, TextFilter } from '../../ui/filter-box.tsx'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AdmittedList } from './admitted-list.tsx'
import { RefusedList } from './refused-list.tsx'
import { ReportsCard } from './reports-card.tsx'
import { reasonOptions, sourceOptions } from './words.ts'
import './decisions-page.css'

/** Every decision that can be looked up: admitted requests from the journal, the last refusals from memory. */
export function DecisionsPage() {
  const filters = useFilters()
  const tab = filters.get('tab') === 'refused' ? 'refused' : 'admitted'
  return (
    <Page
      title="Decisions"
      lead="Find a request by any id of it, or by who asked and when. Opening one makes its decision again from the journal."
    >
      <ReportsCard />
      <FindCard />
      <Card>
        <Filters tab={tab} />
        <Tabs
          label="Kind of decision"
          selected={tab}
          onSelect={(next) => filters.set({ tab: next === 'refused' ? next : '' })}
          tabs={[
            {
              id: 'admitted',
              title: 'Admitted',
              content: tab === 'admitted' ? <AdmittedList filters={filters} /> : null,
            },
            {
              id: 'refused',
              title: 'Refused lately',
              content: tab === 'refused' ? <RefusedList filters={filters} /> : null,
            },
          ]}
        />
      </Card>
    </Page>
  )
}

function FindCard() {
  const [id, setId] = useState('')
  const find = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = id.replaceAll(/\s+/g, '')
    if (wanted !== '') go(`/decisions/${encodeURIComponent(wanted)}`)
  }
  return (
    <Card title="Find by id">
      <form className="form-row" onSubmit={find}>
        <TextField
          label="Decision, hold, request or upstream id"
          value={id}
          onChange={setId}
          type="search"
          isMono
          placeholder="dn_…, al_…, hold_…, req_…"
        />
        <Button type="submit" kind="main" isDisabled={id.trim() === ''}>
          Find
        </Button>
      </form>
    </Card>
  )
}

const filterNames = ['customer', 'member', 'key', 'model', 'source', 'reason', 'from', 'to']

function Filters({ tab }: { readonly tab: 'admitted' | 'refused' }) {
  return (
    <FilterBox names={filterNames}>
      <TextFilter name="customer" label="Customer id" />
      <TextFilter name="member" label="Member id" />
      <TextFilter name="key" label="Key id" />
      <TextFilter name="model" label="Model begins with" />
      {tab === 'admitted' ? (
        <SelectFilter name="source" label="Paid by" options={sourceOptions} />
      ) : (
        <SelectFilter name="reason" label="Reason" options={reasonOptions} />
      )}
      <RangeFilters />
    </FilterBox>
  )
}
