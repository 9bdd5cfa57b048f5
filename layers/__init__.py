"""Table → layer: what the sources mean for each area, one file a theme. `hjp_geo.registry.discover` finds them."""
