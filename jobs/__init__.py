"""What workers run: delivery of outbox rows, clocks, documents, the periodic table."""
