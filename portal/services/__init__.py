"""Commands (what people do) and queries (what people see). Nothing here commits, sends or asks the time."""
