"""What users bring: providers that no open list holds, values of areas, and what they decide about duplicates."""
