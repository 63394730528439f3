import type { VerdictCode } from '../../doctor/verdict/verdict.ts'

/** How `doctor` ends, by verdict; scripts rely on these numbers. `docs/doctor.md` lists them. */
export const doctorExitCodes: Readonly<Record<VerdictCode, number>> = {
  no_refusal: 0,
  true_limit: 10,
  out_of_balance: 11,
  cap_reached: 12,
  extra_usage_off: 13,
  false_refusal: 20,
  possibly_false: 21,
  long_context: 30,
  request_or_client: 31,
  organisation: 32,
  burst: 33,
  server_trouble: 34,
  sign_in: 35,
  connection: 36,
  unknown: 40,
}
