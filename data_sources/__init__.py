"""Source → table: one file per family of published datasets. `hjp_geo.registry.discover` finds every `@source` here."""
