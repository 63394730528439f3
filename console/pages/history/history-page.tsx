import { useState } from 'react'
import { useParams } from 'wouter'
import { useFilters } from '../../data/address.ts'
import { download } from '../../data/download.ts'
import { queryText } from '../../data/query-text.ts'
import { parentOf, scopePath, useMemberScope, type Scope } from '../../data/scope.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { FilterBox, RangeFilters, SelectFilter, TextFilter } from '../../ui/filter-box.tsx'
import { Page } from '../../ui/page.tsx'
import { FailureNote } from '../../ui/states.tsx'
import { HistoryList } from './history-list.tsx'
import { filterNames, useAsked, useScopeName } from './history-query.ts'
import { RequestDialog } from './request-dialog.tsx'
import { kindOptions, sourceOptions } from './words.ts'

/** Every charge, grant, switch and correction with the running balance; it adds up, line by line. */
export function HistoryPage() {
  const scope = useHistoryScope()
  const filters = useFilters()
  return (
    <Page
      title="History"
      lead="Everything that moved money or usage, to the last digit, and every setting that was changed."
      {...parentOf(scope, useScopeName(scope))}
      actions={<ExportButtons scope={scope} />}
    >
      <Card>
        <HistoryFilters scope={scope} />
        <HistoryList scope={scope} />
      </Card>
      <RequestDialog
        scope={scope}
        holdId={filters.get('request')}
        memberId={filters.get('of')}
        onClose={() => filters.set({ request: '', of: '' })}
      />
    </Page>
  )
}

function useHistoryScope(): Scope {
  const { customerId, memberId } = useParams<{ customerId?: string; memberId?: string }>()
  const member = useMemberScope()
  return customerId !== undefined && memberId === undefined
    ? { kind: 'customer', customerId }
    : member
}

function HistoryFilters({ scope }: { readonly scope: Scope }) {
  return (
    <FilterBox names={filterNames}>
      <SelectFilter name="kind" label="What" options={kindOptions} />
      <SelectFilter name="source" label="Paid by" options={sourceOptions} />
      <TextFilter name="model" label="Model begins with" />
      {scope.kind === 'customer' ? <TextFilter name="member" label="Member id" /> : null}
      <TextFilter name="text" label="Any part of an id" />
      <RangeFilters />
    </FilterBox>
  )
}

/** The whole range that the filters name, not only what is loaded. */
function ExportButtons({ scope }: { readonly scope: Scope }) {
  const asked = useAsked()
  const [pending, setPending] = useState<string | null>(null)
  const [failure, setFailure] = useState<unknown>(null)
  const save = async (format: 'csv' | 'json'): Promise<void> => {
    setPending(format)
    setFailure(null)
    try {
      const query = queryText({ ...asked, format })
      await download(`${scopePath(scope)}/history/file?${query}`, `history.${format}`)
    } catch (error) {
      setFailure(error)
    } finally {
      setPending(null)
    }
  }
  return (
    <>
      {(['csv', 'json'] as const).map((format) => (
        <Button
          key={format}
          label={`Export as ${format.toUpperCase()}`}
          isPending={pending === format}
          isDisabled={pending !== null && pending !== format}
          onPress={() => void save(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
      {failure === null ? null : <FailureNote failure={failure} />}
    </>
  )
}
