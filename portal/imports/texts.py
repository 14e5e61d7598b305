"""Sentences for the codes of questions, notes and skips: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.i18n import N_, Text

WRONG: Mapping[str, Text] = {
    "MISSING": N_("The cell is empty, but the portal needs this value."),
    "FORMULA": N_("The cell holds a formula. Only what Excel calculated last can be read."),
    "ERROR_VALUE": N_("The cell shows an error of Excel."),
    "TOO_LONG": N_("The text is longer than the portal stores."),
    "UNREADABLE": N_("The value cannot be read."),
    "UNKNOWN_WORD": N_("The portal does not know this choice."),
    "NAME_TITLE": N_("The form of address in the name and the one beside it differ."),
    "PHONE_SHORT": N_("The phone number has too few digits."),
    "PHONE_LONG": N_("The phone number has too many digits."),
    "PHONE_MANY": N_("There are more phone numbers than places for them."),
    "APPROXIMATE": N_("The value is only approximate."),
    "TOO_PRECISE": N_("The value has more than two decimals."),
    "OUT_OF_RANGE": N_("The value is outside what is possible here."),
    "DATE_NO_YEAR": N_("The date has no year."),
    "DATE_SHORT_YEAR": N_("The year has only two digits."),
    "DATE_INCOMPLETE": N_("The date has no day."),
    "DATE_AMBIGUOUS": N_("Day and month could be read either way round."),
    "NO_CLOCK_TIMES": N_("These are no clock times, as 12:00-14:00 is one."),
    "SAME_CONTRACT": N_("Several rows have the same contract number."),
    "CONTRACT_TAKEN": N_("The portal has this contract number for another customer."),
    "CONTRACT_UNKNOWN": N_("The portal does not know this contract number."),
    "HOLDER_DIFFERS": N_("The contract belongs to a customer with another name and phone."),
    "NAME_DIFFERS": N_("One phone number stands beside different names."),
    "HOME_TAKEN": N_("Another customer has a home at this address."),
    "DATE_ORDER": N_("The dates are not in the order signed, start, finish."),
    "STORE_UNKNOWN": N_("The portal does not know this store."),
    "PARTY_SEVERAL": N_("Several people of this trade have this name."),
    "CATEGORY": N_("The sheet does not say which category the complaint belongs to."),
    "CLOSED_NO_DATE": N_("The complaint was dealt with, but the sheet does not say when."),
    "TAKEN": N_("This contract number is in use already."),
    "PHONE_MASKED": N_("The phone number is masked."),
    "NUMBER_UNKNOWN": N_("The portal has no such record, or it is not yours to see."),
    "RECORD_SEVERAL": N_("Several records of the portal say this."),
    "SAME_RECORD": N_("Several rows mean the same record."),
    "FIXED": N_("The record says otherwise, and this is not changed once it is made."),
    "CHANGED_SINCE": N_("The record was changed after the file was taken out."),
    "LINK_UNKNOWN": N_("The portal has nothing with this number or name."),
    "LINK_SEVERAL": N_("Several have this name."),
    "RULE": N_("The portal's rules refuse this row."),
}
"""By code of `values.Doubt` or `asking.Ask`; also why an answer was refused."""

TO_DO: Mapping[str, Text] = {
    "MISSING": N_("Enter the value, or leave the row out."),
    "FORMULA": N_("Confirm the calculated value or enter the right one."),
    "ERROR_VALUE": N_("Enter the right value, or leave the row out."),
    "TOO_LONG": N_("Enter a shorter text."),
    "UNREADABLE": N_("Enter the right value, or leave the row out."),
    "UNKNOWN_WORD": N_("Say once which choice is meant; it holds for all these rows."),
    "NAME_TITLE": N_("Say which form of address is right."),
    "PHONE_SHORT": N_("Look the number up and enter it completely."),
    "PHONE_LONG": N_("Look the number up and enter it correctly."),
    "PHONE_MANY": N_("Enter the number to call first."),
    "APPROXIMATE": N_("Confirm the value or enter the exact one from the contract."),
    "TOO_PRECISE": N_("Confirm the rounded value or enter the right one."),
    "OUT_OF_RANGE": N_("Enter the right value, or leave the row out."),
    "DATE_NO_YEAR": N_("Confirm the proposed year or enter the date."),
    "DATE_SHORT_YEAR": N_("Confirm the date or enter it."),
    "DATE_INCOMPLETE": N_("Enter the date."),
    "DATE_AMBIGUOUS": N_("Choose the right date or enter it."),
    "NO_CLOCK_TIMES": N_(
        "Enter the hours in which nobody shall call, such as 12:00-14:00, 22:00-07:30, or leave the cell empty."
    ),
    "SAME_CONTRACT": N_("Say which row keeps the number, or enter the right number of the other."),
    "CONTRACT_TAKEN": N_("Enter the right contract number, or leave the row out."),
    "CONTRACT_UNKNOWN": N_("Import the contract first, enter the right number, or leave the row out."),
    "HOLDER_DIFFERS": N_("Say which contract is meant."),
    "NAME_DIFFERS": N_("Say whether this is one person or several."),
    "HOME_TAKEN": N_("Confirm that both have a home there, or leave the row out."),
    "DATE_ORDER": N_("Confirm the dates or enter the right one."),
    "STORE_UNKNOWN": N_("Register it as a new store, or say which one is meant."),
    "PARTY_SEVERAL": N_("Say which person is meant."),
    "CATEGORY": N_("Confirm the proposed category or choose another; it holds for all rows with this text."),
    "CLOSED_NO_DATE": N_("Enter the day, or confirm that it is not known."),
    "PHONE_MASKED": N_("Enter the whole number, or leave the row out."),
    "NUMBER_UNKNOWN": N_("Enter the right number, make a new record of the row, or leave it out."),
    "RECORD_SEVERAL": N_("Say which record is meant."),
    "SAME_RECORD": N_("Say which row counts."),
    "FIXED": N_("Keep what the portal says, or leave the row out."),
    "CHANGED_SINCE": N_("Take the values of the file all the same, or leave the row out."),
    "LINK_UNKNOWN": N_("Enter the right number or name; it holds for all these rows."),
    "LINK_SEVERAL": N_("Say which one is meant; it holds for all these rows."),
    "RULE": N_("Enter the right value, or leave the row out."),
}
"""By code: what a person does about it."""

NOTES: Mapping[str, Text] = {
    "CLEANED": N_("Invisible characters were removed."),
    "PHONE_RANGE_UNKNOWN": N_("No operator is known to use numbers that start like this; taken as written."),
    "SECOND_PHONE": N_("The cell holds two numbers; the second becomes the other phone."),
    "SERIAL_DATE": N_("A day number of Excel, read as the date it stands for."),
    "FORMULA_TEXT": N_("Looks like a formula; kept as plain text."),
    "SURNAME_ONLY": N_("Only the surname is known."),
    "TITLE_FROM_NAME": N_("Form of address taken from the name."),
    "GRADE_BY_RULE": N_("No grade in the file; set by the rule for amount and type."),
    "AVOID_TIMES": N_("Also noted as times not to call."),
    "RENUMBERED": N_("Contract number changed by an answer."),
    "NAME_REPLACED": N_("Name changed by an answer."),
    "KEPT": N_("The portal has another value and keeps it."),
    "OTHER_PHONE": N_("The phone is not the customer's; kept with the complaint."),
    "BEFORE_SIGNING": N_("Before the contract was signed, so counted as before sale."),
}
"""By code of `values.Note` or of the plan."""

SKIPS: Mapping[str, Text] = {
    "DUPLICATE": N_("Says the same as row %(value)s."),
    "ANSWER": N_("Left out by an answer."),
    "OTHER_KEPT": N_("Row %(value)s keeps the contract number."),
    "OTHER_ROW": N_("Row %(value)s counts for this record."),
    "ALREADY_THERE": N_("The portal has it already (%(value)s)."),
    "TOTALS": N_("A row of totals."),
    "REPEATED_HEADER": N_("The header again."),
}
"""By code of `rows.Skip` or `reading.Drop`."""


def skip_text(code: str, value: str = "") -> str:
    """Why a row is left out, in the present language."""
    return str(SKIPS[code] % {"value": value})


def sentence(said: Any) -> str:
    """A sentence that was kept with a question (context, message id, values), in the present language."""
    context, message, values = said
    return str(Text(message, context, **values))
