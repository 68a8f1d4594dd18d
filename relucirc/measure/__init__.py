"""How far and where: regions, pieces and exact deviations."""
