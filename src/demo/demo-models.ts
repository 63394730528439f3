/** The models that the demo says it has: names that clients ask for, with no model behind them. */
export type DemoModel = {
  readonly type: 'model'
  readonly id: string
  readonly display_name: string
  readonly created_at: string
}

const models: readonly DemoModel[] = [
  model('claude-opus-5-5', 'Claude Opus 5.5 (demo)'),
  model('claude-sonnet-5-5', 'Claude Sonnet 5.5 (demo)'),
  model('claude-haiku-5-5', 'Claude Haiku 5.5 (demo)'),
]

function model(id: string, name: string): DemoModel {
  return { type: 'model', id, display_name: name, created_at: '2026-11-01T00:00:00Z' }
}

export function listDemoModels(): object {
  return {
    data: models,
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }
}

export const findDemoModel = (id: string): DemoModel | undefined =>
  models.find((candidate) => candidate.id === id)
