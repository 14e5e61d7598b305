"""Measuring: each figure is a ratio taken in one run, so a slow machine changes nothing. Budgets: `docs/performance.md`."""
