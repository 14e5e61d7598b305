"""HTTP: one package per role, `account/` for everyone, `records/` for pages that several roles share."""
