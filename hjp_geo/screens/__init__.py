"""The pages of the app: widgets → `Plan` → `answer()` → draw. Nothing is worked out here."""
