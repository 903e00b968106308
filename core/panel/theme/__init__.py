"""The look of a site: its theme's settings as a draft, seen before they are published, planned or brought back."""
