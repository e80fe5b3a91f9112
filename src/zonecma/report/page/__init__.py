"""The page that is made for looking: one HTML file with everything in it."""
