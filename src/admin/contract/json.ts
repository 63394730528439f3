/** A value as it stands in JSON: every bigint a string of digits, everything else as it is. */
export type Json<Value> = Value extends bigint
  ? string
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends readonly (infer Item)[]
      ? readonly Json<Item>[]
      : { readonly [Key in keyof Value]: Json<Value[Key]> }
