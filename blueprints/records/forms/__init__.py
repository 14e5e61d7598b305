"""The forms of the records that several roles share."""
