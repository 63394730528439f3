import type { CustomerId, KeyId, MemberId, PersonId } from '../../core/ids.ts'
import type { Parts } from '../../operations/parts.ts'
import type { Named } from '../contract/answers.ts'
import type { Whose } from '../contract/desk.ts'

type Nameable = CustomerId | MemberId | KeyId | PersonId

/** Names beside ids, each read once for an answer. */
export class Names {
  readonly #storage: Parts['storage']
  readonly #known = new Map<string, string | null>()

  constructor({ storage }: Pick<Parts, 'storage'>) {
    this.#storage = storage
  }

  async of<Id extends Nameable>(id: Id): Promise<Named<Id>> {
    let name = this.#known.get(id)
    if (name === undefined) {
      name = (await this.#storage.findPerson(id))?.name ?? null
      this.#known.set(id, name)
    }
    return { id, name }
  }

  async whose(scope: {
    readonly customerId: CustomerId
    readonly memberId: MemberId | null
  }): Promise<Whose> {
    const { customerId, memberId } = scope
    return {
      customer: await this.of(customerId),
      member: memberId === null ? null : await this.of(memberId),
    }
  }
}
