"""Stories that run as they are: see the README."""
