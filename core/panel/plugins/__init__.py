"""Plugins of a site: switched, set up, and looked after when they fail."""
