"""One declaration per record type."""
