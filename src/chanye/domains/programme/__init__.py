"""The programme: calls, applications, review, awards, claims, ledger, certification."""
