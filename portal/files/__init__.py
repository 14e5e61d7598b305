"""Files people bring: checked and cleaned (`intake`), kept by content (`store`). Nothing is served from a public folder."""
