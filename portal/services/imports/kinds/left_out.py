"""Which lists take no file, and why: the one place that says so. Every other list has an import."""

from __future__ import annotations

from portal.i18n import N_, Text

STEPS = N_("It comes from the steps of a case here, with the clocks, signatures and photos that belong to them.")
LATER = N_("It comes by itself when its case comes so far; a case that was brought in goes on from where it stands.")
CALLS = N_(
    "Planned by the day of signing, works and warranty. Calls of the past come in as past calls, visits, messages."
)
MONEY = N_("Money is decided here step by step. What was settled before stays in the books of then.")
SAID = N_("Answers count only from the customer, by the survey itself.")
PAST_WORDS = N_(
    "What customers suggested before comes in as past calls, visits, messages with the matter “Suggestion”."
)
MADE_HERE = N_("The portal makes it itself.")
TEXTS = N_("Few, and set by the manager word for word.")
ARTICLES = N_("Written here, so that each edition is approved before it is read.")

LEFT_OUT: dict[str, Text] = {
    "contract-templates": TEXTS,
    "lead-touches": CALLS,
    "follow-up-calls": CALLS,
    "follow-up-tickets": STEPS,
    "escalations": LATER,
    "dispatch-orders": LATER,
    "completions": LATER,
    "stage-acceptances": LATER,
    "change-orders": STEPS,
    "delays": STEPS,
    "safety-notices": STEPS,
    "weekly-reports": STEPS,
    "supervisor-visits": STEPS,
    "open-days": STEPS,
    "pre-acceptances": STEPS,
    "inspections": STEPS,
    "rectification-notices": STEPS,
    "drawing-reviews": STEPS,
    "review-findings": STEPS,
    "repair-visits": STEPS,
    "loss-notices": STEPS,
    "cancellations": STEPS,
    "repair-cost-cases": MONEY,
    "approvals": MONEY,
    "archive-loans": STEPS,
    "payment-vouchers": MONEY,
    "penalties": MONEY,
    "rewards": MONEY,
    "surveys": SAID,
    "suggestions": PAST_WORDS,
    "report-runs": MADE_HERE,
    "notices": MADE_HERE,
    "documents": MADE_HERE,
    "exports": MADE_HERE,
    "import-runs": MADE_HERE,
    "knowledge-articles": ARTICLES,
}
"""By the plural name of the records."""
