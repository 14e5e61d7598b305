"""Excel ledgers into records: read, clean, ask, plan. Pure until `portal.services.imports` carries a plan out.

Nothing is guessed silently: what a cell does not say clearly becomes a question, never a value.
"""
