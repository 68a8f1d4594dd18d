"""Which circuits a network is made of: features, snapping, explanations and censuses."""
